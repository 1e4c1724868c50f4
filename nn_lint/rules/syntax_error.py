"""
A file that CPython cannot parse or compile, with its own message at its own place.

## Why it hurts
Nothing in the file can be imported, and where the parser refuses it, no other rule can look at it. Where only the
compiler does (a `return` that lost its indentation, a parameter twice), the other rules speak, and nothing is fixed.

## What the hint says
Where the mistake is one that model code often has, the message names it: a parenthesis after `super` that is missing,
full-width punctuation out of a Chinese text, a colon forgotten, a body that lost its indentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Position, Span
from nn_lint.rules.rule import Example, Finding, Rule
from nn_lint.source.text import ParseFailure, Text

_FULL_WIDTH = dict(zip("，：；（）［］｛｝＝＋－＊．“”‘’、。！？", ",:;()[]{}=+-*.\"\"'',.!?"))
_SUPER = re.compile(r"super\s*\([^()]*$|super\s*\([^()]*\)\s*__init__|super\s*\([^()]*\.__init__|super\s+__init__")
_HEADER = re.compile(r"\s*(?:class|def|if|for|while|with|else|elif|try|except)\b[^#]*[^:#\s]\s*$")


def check(text: Text) -> Iterator[Finding]:
    """Report CPython's refusal, unless the text is of a newer Python, which libcst can read."""
    failure = text.failure or text.refusal
    if failure is None or text.is_newer_python:
        return
    start = Position(failure.row, failure.column)
    end = Position(failure.row, failure.end_column or failure.column + 1)
    hint = _hint(failure, text)
    yield Finding(Span(start, max(start, end)), f"{failure.kind}: {failure.message}" + (f" ({hint})" if hint else ""))


def _hint(failure: ParseFailure, text: Text) -> str | None:
    line = text.lines.row(failure.row)
    wide = next((character for character in line if character in _FULL_WIDTH), None)
    if wide is not None and "invalid character" in failure.message:
        return f"`{wide}` is full-width punctuation: write `{_FULL_WIDTH[wide]}`"
    if "expected an indented block" in failure.message:
        return "the body must be indented deeper than its header"
    if "outside" in failure.message:
        return "is it indented deep enough?"
    if "unindent" in failure.message or "unexpected indent" in failure.message:
        return "rows of one block must begin at the same column"
    if "inconsistent use of tabs" in failure.message:
        return "indent with tabs or with spaces, not with both"
    if any(_SUPER.search(text.lines.row(row)) for row in (failure.row, failure.row - 1)):
        return "the parent is called as `super().__init__()` or `super(Net, self).__init__()`"
    if "expected ':'" in failure.message or _HEADER.fullmatch(line):
        return "a colon ends the header"
    return None


RULE = Rule(
    code="NN001",
    name="syntax-error",
    doc=__doc__,
    check_text=check,
    examples=(
        Example(
            """
            class Net(nn.Module)  # NN001
                def forward(self, x):
                    return x
            """
        ),
        Example(
            """
            class Net(nn.Module):
                  def __init__(self):
                 super().__init__()  # NN001
            """
        ),
        Example(
            """
            def forward(self， x):  # NN001
                return x
            """
        ),
        Example(
            """
            class Net(nn.Module):
                def forward(self, x):
                    x = self.fc(x)
                return x  # NN001
            """
        ),
        Example(
            """
            def forward(self, x, x):  # NN001
                return x
            """
        ),
        Example(
            """
            for row in rows:
                class Row:
                    def last(self):
                        for item in self:
                            if item:
                                break
                        else:
                            return None
                        return item
                    size = 1
                if row:
                    continue
                else:
                    break
            """
        ),
        Example(
            """
            class Net(nn.Module):
                def forward(self, x):
                    return x
            """
        ),
        Example(
            """
            type Shape = tuple[int, ...]
            class Net[T](Module):
                def forward(self, x: T) -> T:
                    return x
            """
        ),
    ),
)
