"""Edits of whole statements in methods."""

from __future__ import annotations

from nn_lint.diagnostic import Edit, Position, Span
from nn_lint.fixing.build import delete_rows, insert, insert_after, insert_before, is_within, replace, stands_alone
from nn_lint.model.method import Method

_PLACEHOLDERS = ("pass", "...")


def insert_first(method: Method, statement: str) -> Edit:
    """Make a statement the first of a method, after its docstring; a body that was empty becomes it."""
    lines = method.syntax.lines
    first = method.first_statement_span
    if first is not None:
        if len(method.statements) == 1 and lines.slice(first) in _PLACEHOLDERS:
            return replace(first, statement)
        return insert_before(lines, first.start, [statement])
    one_line = method.one_line_body_span
    if one_line is not None:
        if lines.slice(one_line) in _PLACEHOLDERS:
            return replace(one_line, statement)
        return insert(one_line.start, f"{statement}; ")
    docstring = method.docstring_span
    assert docstring is not None, "a body has statements, a docstring, or both"
    return insert_after(lines, docstring, [statement])


def move_up(method: Method, statement: Span, above: Span) -> tuple[Edit, ...] | None:
    """Move a statement, with the comment on its row, before the outermost statement around or at `above`.

    `None` where the two are not in one body or share rows with other statements.
    """
    lines = method.syntax.lines
    spans = [method.syntax.statement_span(node) for node in method.statements]
    target = next((span for span in spans if is_within(above, span)), None)
    if target is None or statement not in spans or not stands_alone(lines, statement):
        return None
    if lines.row(target.start.row)[: target.start.column - 1].strip():
        return None
    row_end = Position(statement.end.row, len(lines.row(statement.end.row)) + 1)
    text = lines.slice(Span(statement.start, row_end)).rstrip()
    return (
        insert_before(lines, target.start, [text]),
        delete_rows(lines, statement.start.row, statement.end.row),
    )
