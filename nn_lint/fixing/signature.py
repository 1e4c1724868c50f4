"""Edits of signatures: a receiver inserted, moved or renamed, a decorator dropped."""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Edit, Span
from nn_lint.fixing.build import delete_rows, insert, stands_alone
from nn_lint.model.method import Method, Parameter


def insert_receiver(method: Method) -> Edit:
    """Put `self` before the other parameters, on the row of the first of them."""
    lines = method.syntax.lines
    if not method.parameters:
        return insert(method.signature_start, "self")
    offset = lines.offset(method.signature_start)
    while lines.text[offset] in " \t\r\n\f\\#":
        offset = lines.text.index("\n", offset) if lines.text[offset] == "#" else offset + 1
    return insert(lines.position(offset), "self, ")


def drop_decorator(method: Method, name: str) -> Iterator[Edit]:
    """Take away the row of a decorator."""
    lines = method.syntax.lines
    for decorator, span in method.decorator_spans:
        if decorator == name and stands_alone(lines, span):
            yield delete_rows(lines, span.start.row, span.end.row)


def move_first(method: Method, parameter: Parameter) -> tuple[Edit, ...]:
    """Make a plain parameter the first one; none where a comment says something about the one before it."""
    lines = method.syntax.lines
    order = method.positional
    before = order[order.index(parameter) - 1]
    text = lines.slice(parameter.span)
    taken = Span(before.span.end, parameter.span.end)
    if "#" in lines.slice(taken):
        return ()
    return (insert(order[0].span.start, f"{text}, "), Edit(taken, ""))
