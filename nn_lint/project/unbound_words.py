"""Words of a class's methods that nothing seems to bind, by its text: asked before a class is parsed."""

from __future__ import annotations

import builtins
import keyword
import re
from functools import lru_cache

from nn_lint.project.code_text import bare_code
from nn_lint.project.facts import MethodFacts
from nn_lint.project.hierarchy import Ancestry, ProjectClass

_BARE = re.compile(r"(?<![.\w])[A-Za-z_]\w*\b(?![ \t]*=(?!=))")
_OWN = re.compile(r"\bself[._](\w+)")
_BINDING = re.compile(
    r"^[ \t]*([\w \t,()\[\]*.]+?)[ \t]*(?::[^=\n]*)?=(?!=)"
    r"|\bfor[ \t]+([^\n]+?)[ \t]+in\b|\bas[ \t]+(\w+)|(\w+)[ \t]*:=",
    re.MULTILINE,
)
_GLUED = re.compile(r"(?<![.\w])self_?\w+")
_WORD = re.compile(r"(?<![.\w])[A-Za-z_]\w*")
_KNOWN = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"self", "cls"}
_LAYER = re.compile(r"^[ \t]+(\w+)[ \t]*=[ \t]*[\w.]*\b[A-Z]\w*\(", re.MULTILINE)


def may_leave_names_unbound(cls: ProjectClass, ancestry: Ancestry) -> bool:
    """Whether some method says a word that only `self` has, or assigns a layer to a local that `self` is asked for."""
    lines = re.split(r"\r\n|\r|\n", _source(cls))
    source = "\n".join(lines)
    owned = _owned(cls, source).union(*(_owned(item, _source(item)) for item in ancestry.project_classes))
    owned.update(_LAYER.findall(source))
    init = cls.facts.method("__init__")
    owned.update(init.parameters[1:] if init is not None else ())
    suspects = owned.union(word for word in _GLUED.findall(source))
    suspects -= _KNOWN | cls.file.facts.bindings.keys()
    for method in cls.facts.methods if suspects else ():
        text = "\n".join(lines[method.row - cls.facts.first_row : method.end_row - cls.facts.first_row + 1])
        wanted = suspects.difference(method.parameters)
        if wanted.intersection(_WORD.findall(text, text.find("("))) and _leaves_unbound(method, text, wanted):
            return True
    return False


def _leaves_unbound(method: MethodFacts, text: str, suspects: set[str]) -> bool:
    code = bare_code(text)
    if method.name == "__init__" and suspects.intersection(_LAYER.findall(code)):
        return True
    left = suspects.intersection(_BARE.findall(code, code.find("(")))
    return bool(left) and bool(left - _bound_words(code))


def _source(cls: ProjectClass) -> str:
    return cls.file.text.readable.rows(cls.facts.first_row, cls.facts.end_row)


def _owned(cls: ProjectClass, source: str) -> set[str]:
    """The names that self has, or that a method takes of it."""
    return {*_said_of_self(source), *(method.name for method in cls.facts.methods), *cls.facts.assigned}


@lru_cache(maxsize=64)
def _said_of_self(source: str) -> frozenset[str]:
    """The words behind `self.`, remembered: a large base is asked for each of its heirs."""
    return frozenset(_OWN.findall(source))


def _bound_words(text: str) -> set[str]:
    """Words that the text of a method seems to bind."""
    return {word for groups in _BINDING.findall(text) for group in groups for word in _WORD.findall(group)}
