"""How a file writes its shortcuts: the name of the saved input, and the form of the sum."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass

_SAVED = ("identity", "residual", "shortcut", "skip")
_WORD = r"(?:identity|residual|shortcut|short_cut|skip|res)\w*"
_IN_PLACE = re.compile(rf"^[ \t]*(\w+) \+= (?:{_WORD}|self\.\w+\(\w+\)|x)[ \t]*$", re.MULTILINE)
_BRANCH_FIRST = re.compile(rf"^[ \t]*(\w+) = \1 \+ {_WORD}[ \t]*$", re.MULTILINE)
_INPUT_FIRST = re.compile(rf"^[ \t]*(\w+) = {_WORD} \+ (?:\1\b|self\.)", re.MULTILINE)
_STREAM_FIRST = re.compile(r"(?:return|=) (\w+) \+ self\.")
_STREAM_LAST = re.compile(r"(?:return|=) self\.[^\n]*\) \+ (\w+)[ \t]*$", re.MULTILINE)
_ASKED = re.compile(rf"if self\.\w+ is not None:\s*\n[ \t]+{_WORD} = self\.")


@dataclass(frozen=True, slots=True)
class Habits:
    """What a file does most often. `asks`: it applies an optional shortcut below an `if`."""

    text: str

    @property
    def asks(self) -> bool:
        """Whether the file applies an optional projection below an `if`."""
        return _ASKED.search(self.text) is not None

    def sum(self, branch: str, term: str, *, may_be_in_place: bool) -> str:
        """The statement that adds a term to the branch that a name holds."""
        in_place, branch_first, input_first = (
            len(pattern.findall(self.text)) for pattern in (_IN_PLACE, _BRANCH_FIRST, _INPUT_FIRST)
        )
        if may_be_in_place and in_place > max(branch_first, input_first):
            return f"{branch} += {term}"
        return f"{branch} = {term} + {branch}" if input_first > branch_first else f"{branch} = {branch} + {term}"

    def puts_input_first(self, *, by_default: bool) -> bool:
        """Whether the sum of an expression begins with the input."""
        first, last = len(_STREAM_FIRST.findall(self.text)), len(_STREAM_LAST.findall(self.text))
        return by_default if first == last else first > last

    def saved_name(self, method: Method) -> str:
        """A name for the saved input that the method does not use."""
        counts = {name: len(re.findall(rf"(?<![.\w]){name} = ", self.text)) for name in _SAVED}
        ranked = sorted(_SAVED, key=lambda name: -counts[name])
        free = (name for name in (*ranked, "block_input", "branch_input") if name not in method.locals)
        return next(free)


def habits_of(cls: ModuleClass) -> Habits:
    """The habits of the file that a class stands in."""
    return Habits(cls.definition.file.text.content)
