"""The edits of one repair as they come together: insertions at one place keep their order, stretches can be moved."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from nn_lint.diagnostic import Edit, Position, Span
from nn_lint.fixing.build import insert_after, insert_before, is_within
from nn_lint.model.syntax import ClassSyntax


class Draft:
    """Collects edits of the slice of one class."""

    def __init__(self, syntax: ClassSyntax) -> None:
        self._syntax = syntax
        self._edits: list[Edit] = []

    def edits(self) -> tuple[Edit, ...]:
        """All edits, those at one position joined in the order in which they came."""
        joined: dict[Span, str] = {}
        for edit in self._edits:
            joined[edit.span] = joined.get(edit.span, "") + edit.content
        return tuple(Edit(span, content) for span, content in joined.items())

    def add(self, *edits: Edit) -> None:
        """Take edits as they are."""
        self._edits += edits

    def insert_before(self, statement: cst.CSTNode, rows: Sequence[str]) -> None:
        """Put statements before another."""
        self.add(insert_before(self._syntax.lines, self._syntax.statement_span(statement).start, rows))

    def insert_after(self, statement: cst.CSTNode, rows: Sequence[str]) -> None:
        """Put statements behind another."""
        self.add(insert_after(self._syntax.lines, self._syntax.span(statement), rows))

    def surround(self, node: cst.CSTNode, before: str, after: str) -> None:
        """Put text on both sides of an expression."""
        span = self._syntax.span(node)
        self.add(*(Edit(Span(place, place), text) for place, text in ((span.start, before), (span.end, after)) if text))

    def hoist(self, node: cst.CSTNode, statement: cst.CSTNode, name: str) -> None:
        """Give an expression, as it is after the edits so far, a name before the statement that it stands in."""
        span = self._syntax.span(node)
        inside = [edit for edit in self._edits if is_within(edit.span, span)]
        self._edits = [edit for edit in self._edits if edit not in inside]
        self.insert_before(statement, [f"{name} = {self._text(span, inside)}"])
        self.add(Edit(span, name))

    def _text(self, span: Span, edits: Sequence[Edit]) -> str:
        """The text of a span after edits inside it."""
        lines = self._syntax.lines
        pieces: list[str] = []
        place: Position = span.start
        for edit in sorted(edits, key=lambda item: item.span):
            pieces += (lines.slice(Span(place, edit.span.start)), edit.content)
            place = edit.span.end
        return "".join((*pieces, lines.slice(Span(place, span.end))))
