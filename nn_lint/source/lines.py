"""Rows and columns of a text: the one place that knows what a line is to Python's tokenizer."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from nn_lint.diagnostic import Position, Span

_NEWLINE = re.compile(r"\r\n|\r|\n")


class Lines:
    """A text with its rows: only `\\r\\n`, `\\r` and `\\n` end a line, as in CPython (form feeds do not)."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def starts(self) -> list[int]:
        """The offset at which each row begins; row 1 comes first."""
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    @property
    def count(self) -> int:
        """How many rows there are; a text that ends in a newline has an empty last row."""
        return len(self.starts)

    def offset(self, position: Position) -> int:
        """The index into the text of a position; a column past the end of its row ends there."""
        start = self.starts[position.row - 1]
        return min(start + position.column - 1, self._end(position.row, keep_newline=True))

    def position(self, offset: int) -> Position:
        """The position of an index into the text."""
        row = bisect_right(self.starts, offset)
        return Position(row, offset - self.starts[row - 1] + 1)

    def row(self, row: int) -> str:
        """The text of a row without its newline; rows past the end are empty."""
        if not 1 <= row <= self.count:
            return ""
        return self.text[self.starts[row - 1] : self._end(row)].rstrip("\r\n")

    def rows(self, first: int, last: int) -> str:
        """The text from the beginning of row `first` to the end of row `last`, newlines kept."""
        return self.text[self.starts[first - 1] : self._end(last, keep_newline=True)]

    def indentation(self, row: int) -> str:
        """The white space that a row begins with."""
        line = self.row(row)
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[self.offset(span.start) : self.offset(span.end)]

    @cached_property
    def newline(self) -> str:
        """The newline that the text uses first, `\\n` where it has none."""
        match = _NEWLINE.search(self.text)
        return match.group() if match else "\n"

    def __iter__(self) -> Iterator[str]:
        return (self.row(row) for row in range(1, self.count + 1))

    def _end(self, row: int, *, keep_newline: bool = False) -> int:
        end = self.starts[row] if row < self.count else len(self.text)
        return end if keep_newline else len(self.text[:end].rstrip("\r\n")) if row < self.count else end
