"""Planted mistakes in `forward` and its signature (NN2xx)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planted_place import Mutant, Place, calls, layers


def _signature(place: Place, pattern: str, replacement: str) -> Iterator[Mutant]:
    method = place.method("forward")
    if method is None or method.decorator_list or len(method.args.args) < 2:
        return
    row = place.rows[method.lineno - 1]
    changed = re.sub(pattern, replacement, row, count=1)
    if changed != row:
        yield Mutant(place.with_row(method.lineno, changed))


def forward_without_self(place: Place) -> Iterator[Mutant]:
    """NN201."""
    if any(calls(place, "forward")):
        yield from _signature(place, r"\(self, (?=\w)", "(")


def slip_of_self(place: Place) -> Iterator[Mutant]:
    """NN202."""
    if any(calls(place, "forward")):
        yield from _signature(place, r"\(self, (?=\w)", "(slef, ")


def slip_of_forward(place: Place) -> Iterator[Mutant]:
    """NN203."""
    if any(calls(place, "forward")) and "forward" not in place.code(place.node).replace("def forward(", "", 1):
        yield from _signature(place, r"def forward\(", "def foward(")


def misplaced_forward(place: Place) -> Iterator[Mutant]:
    """NN204: `forward` is indented into the `__init__` before it, or stands behind the class without indentation."""
    forward, init = place.method("forward"), place.method("__init__")
    bases = [place.code(base) for base in place.node.bases]
    if forward is None or init is None or bases != ["nn.Module"] or "forward" in place.text.replace("def forward", ""):
        return
    first = min([forward.lineno, *(item.lineno for item in forward.decorator_list)])
    end = forward.end_lineno or forward.lineno
    rows = place.rows[first - 1 : end]
    if any(row.strip() and not row.startswith("    ") for row in rows) or _has_long_strings(forward):
        return
    members = place.node.body
    moved: list[str] = []
    if members.index(forward) == members.index(init) + 1:
        moved = ["    " + row if row.strip() else row for row in rows]
    elif members[-1] is forward and place.text.count("def forward") == 1:
        moved = [row[4:] if row.strip() else row for row in rows]
    if moved:
        yield Mutant("".join((*place.rows[: first - 1], *moved, *place.rows[end:])))


def _has_long_strings(forward: ast.FunctionDef) -> bool:
    """Whether a string runs over several rows, so that another indentation is another string."""
    strings = (node for node in ast.walk(forward) if isinstance(node, (ast.Constant, ast.JoinedStr)))
    return any(node.lineno != node.end_lineno for node in strings)


def forward_without_return(place: Place) -> Iterator[Mutant]:
    """NN205: the last `return out` only names it."""
    forward = place.method("forward")
    last = forward.body[-1] if forward is not None and len(forward.body) > 1 else None
    if isinstance(last, ast.Return) and last.value is not None and last.lineno == last.end_lineno:
        returns = [node for node in ast.walk(forward) if isinstance(node, ast.Return)] if forward else []
        if len(returns) == 1:
            yield Mutant(place.with_code(last, place.code(last.value)))


def layer_without_self(place: Place) -> Iterator[Mutant]:
    """NN207."""
    for call in calls(place, "forward"):
        name = place.code(call.func).removeprefix("self.")
        if not re.search(rf"(?<![.\w]){name}\b", place.text):
            yield Mutant(place.with_code(call.func, name))


def forward_called(place: Place) -> Iterator[Mutant]:
    """NN209."""
    for call in calls(place, "forward"):
        yield Mutant(place.with_code(call.func, f"{place.code(call.func)}.forward"))


def class_for_instance(place: Place) -> Iterator[Mutant]:
    """NN211: `self.act = nn.ReLU`."""
    called = {place.code(call.func) for call in calls(place, "forward")}
    for layer in layers(place):
        is_bare_call = isinstance(layer.value, ast.Call) and not layer.value.args and not layer.value.keywords
        if is_bare_call and place.code(layer.targets[0]) in called:
            yield Mutant(place.with_code(layer.value, place.code(layer.value).removesuffix("()")))


def comma_behind_layer(place: Place) -> Iterator[Mutant]:
    """NN212."""
    called = {place.code(call.func) for call in calls(place, "forward")}
    for layer in layers(place):
        if place.code(layer.targets[0]) in called:
            yield Mutant(place.with_code(layer.value, place.code(layer.value) + ","))
