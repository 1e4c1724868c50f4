"""Planted mistakes that fail silently in numbers (NN5xx)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planted_place import Mutant, Place, body, layers


def softmax_without_dim(place: Place) -> Iterator[Mutant]:
    """NN501: the dimension is left out where it is 1, which torch takes itself for two dimensions."""
    for node in ast.walk(place.node):
        if isinstance(node, ast.Call) and re.fullmatch(
            r"F\.(?:log_)?softmax|nn\.(?:Log)?Softmax", place.code(node.func)
        ):
            found = re.fullmatch(r"([\s\S]*?)(?:, *)?dim=1\)", place.code(node))
            if found:
                yield Mutant(place.with_code(node, f"{found[1]})"))


def dropout_always_on(place: Place) -> Iterator[Mutant]:
    """NN505: nothing tells a dropout by function that the module evaluates."""
    forward = place.method("forward")
    for node in ast.walk(forward) if forward is not None else ():
        if not isinstance(node, ast.Call):
            continue
        code = place.code(node)
        found = re.fullmatch(r"(F\.dropout[123]?d?\([\s\S]*), *(?:training=)?self\.training\)", code)
        if found is not None:
            yield Mutant(place.with_code(node, f"{found[1]})"), (_asking(place, node, found[1]),))
        rate = re.search(r"dropout_p=\(?([\w.]+) if self\.training else 0(?:\.0?)?\)?", code)
        if rate is not None and place.code(node.func).endswith("scaled_dot_product_attention"):
            start = place.start(node)
            yield Mutant(place.spliced((start + rate.start(), start + rate.end(), f"dropout_p={rate[1]}")), ())


def _asking(place: Place, node: ast.Call, given: str) -> str:
    return place.with_code(node, f"{given}, training=self.training)")


def train_without_return(place: Place) -> Iterator[Mutant]:
    """NN513: `train` gives nothing back, one that is there or one that keeps a batch norm as it is."""
    train = place.method("train")
    last = train.body[-1] if train is not None else None
    if train is not None and isinstance(last, ast.Return) and last.value is not None and len(train.args.args) == 2:
        value = place.code(last.value)
        if value == "self" and len(body(train)) > 1:
            row = place.rows[last.lineno - 1]
            if row.strip() == "return self":
                yield Mutant(place.with_row(last.lineno, ""))
        elif re.match(r"super\([^()]*\)\.train\(", value):
            yield Mutant(
                place.with_code(last, value),
                (place.spliced((place.start(last), place.end(last), value), place.behind(last, "return self")),),
            )
    norm = next((item for item in layers(place) if "nn.BatchNorm" in place.code(item.value)), None)
    forward = place.method("forward")
    if train is None and norm is not None and forward is not None and not forward.decorator_list:
        name = place.code(norm.targets[0])
        rows = ("def train(self, mode=True):", "    super().train(mode)", f"    {name}.eval()")
        mutant, right = (place.spliced(place.before(forward, *rows, *end, "")) for end in ((), ("    return self",)))
        yield Mutant(mutant, (right,))
