"""Builders of edits: insert a statement, replace or delete a stretch, move a statement."""

from __future__ import annotations

from collections.abc import Sequence

from nn_lint.diagnostic import Edit, Position, Span
from nn_lint.source.lines import Lines


def replace(span: Span, content: str) -> Edit:
    """Put other text in the place of a span."""
    return Edit(span, content)


def insert(position: Position, content: str) -> Edit:
    """Put text at a position."""
    return Edit(Span(position, position), content)


def insert_before(lines: Lines, statement: Position, texts: Sequence[str]) -> Edit:
    """Put statements, one a row, before the one that begins at `statement`, in its own indentation.

    A statement that follows others on its row is parted from them by semicolons.
    """
    row = statement.row
    indent = lines.indentation(row)
    if statement.column - 1 != len(indent):
        return insert(statement, "".join(f"{text}; " for text in texts))
    return insert(statement, "".join(f"{text}{lines.newline}{indent}" for text in texts))


def insert_after(lines: Lines, span: Span, texts: Sequence[str]) -> Edit:
    """Put statements, one a row, behind the row on which a statement ends, in the indentation of its first row.

    A statement that shares its row with others, or with the header of its block, is followed there, after semicolons.
    """
    if not stands_alone(lines, span):
        return insert(span.end, "".join(f"; {text}" for text in texts))
    indent = lines.indentation(span.start.row)
    end = Position(span.end.row, len(lines.row(span.end.row)) + 1)
    return insert(end, "".join(f"{lines.newline}{indent}{text}" for text in texts))


def delete_rows(lines: Lines, first: int, last: int) -> Edit:
    """Take whole rows away, newlines included."""
    end = Position(last + 1, 1) if last < lines.count else lines.position(len(lines.text))
    return Edit(Span(Position(first, 1), end), "")


def stands_alone(lines: Lines, span: Span) -> bool:
    """Whether nothing but white space and a comment shares the rows of a statement."""
    before = lines.row(span.start.row)[: span.start.column - 1]
    after = lines.row(span.end.row)[span.end.column - 1 :].strip()
    return not before.strip() and (not after or after.startswith("#"))


def is_within(inner: Span, outer: Span) -> bool:
    """Whether a span lies inside another."""
    return outer.start <= inner.start and inner.end <= outer.end
