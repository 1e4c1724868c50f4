"""Planted mistakes in the text itself (NN0xx)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from planted_place import Mutant, Place, parent_call


def needless_ignore(place: Place) -> Iterator[Mutant]:
    """NN003."""
    call = parent_call(place)
    if call is not None:
        row = place.rows[call.lineno - 1]
        yield Mutant(place.with_row(call.lineno, row.rstrip("\r\n") + "  # nn-lint: ignore[NN101]\n"))


def other_indentation(place: Place) -> Iterator[Mutant]:
    """NN002: nine spaces under a tab, where CPython still reads the same."""
    forward = place.method("forward")
    if forward is None or "\t" in place.code(place.node) or place.node.col_offset or forward.decorator_list:
        return
    rows = range(forward.lineno, (forward.end_lineno or 0) + 1)
    header = place.rows[forward.lineno - 1]
    is_plain = forward.body[0].lineno == forward.lineno + 1 and header.startswith("    def")
    if is_plain and all(place.rows[row - 1].startswith("    ") for row in rows) and _has_only_methods(place):
        changed = "".join(_tabbed(place))
        if ast.dump(ast.parse(changed)) == ast.dump(place.tree):
            yield Mutant(changed)


def _has_only_methods(place: Place) -> bool:
    members = place.node.body
    plain = all(isinstance(item, ast.FunctionDef) and not item.decorator_list for item in members)
    return plain and len({item.lineno for item in members}) == len(members)


def _tabbed(place: Place) -> list[str]:
    rows, first = list(place.rows), {item.lineno for item in place.node.body}
    for number in range(place.node.lineno + 1, (place.node.end_lineno or 0) + 1):
        if number in first:
            rows[number - 1] = "\t" + rows[number - 1][4:]
        elif rows[number - 1].startswith("        "):
            rows[number - 1] = " " * 9 + rows[number - 1][8:]
    return rows
