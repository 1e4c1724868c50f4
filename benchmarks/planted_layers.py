"""Planted mistakes in how layers are built and handed on (NN410 to NN417)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planted_place import WEIGHTED, Mutant, Place, any_parent_call, body, calls, layers, stored


def layer_as_default(place: Place) -> Iterator[Mutant]:
    """NN410: a layer whose sizes are numbers becomes the default of a new parameter."""
    init = place.method("__init__")
    if init is None or init.args.vararg or init.args.kwonlyargs or init.args.kwarg or not init.args.args:
        return
    last = init.args.defaults[-1] if init.args.defaults else init.args.args[-1]
    words = {node.id for node in ast.walk(init) if isinstance(node, ast.Name)} | {item.arg for item in init.args.args}
    for layer in layers(place):
        name, value = place.code(layer.targets[0]).removeprefix("self."), layer.value
        if not isinstance(value, ast.Call) or not WEIGHTED.match(place.code(value)) or name in words:
            continue
        given = (*value.args, *(item.value for item in value.keywords))
        if given and all(isinstance(item, (ast.Constant, ast.Tuple)) for item in given):
            code, end = place.code(value), place.end(last)
            used = (place.start(value), place.end(value), name)
            built = place.before(body(init)[0], f"{name} = {code} if {name} is None else {name}")
            right = place.spliced((end, end, f", {name}=None"), built, used)
            yield Mutant(place.spliced((end, end, f", {name}={code}"), used), (right,))


def dropout_made_in_forward(place: Place) -> Iterator[Mutant]:
    """NN412: `nn.Dropout(p)(x)` for a dropout of `__init__`, or for one by function that asks for `self.training`."""
    built = {place.code(item.targets[0]): item.value for item in layers(place)}
    for call in calls(place, "forward"):
        layer = built[place.code(call.func)]
        code = place.code(layer)
        if not isinstance(layer, ast.Call) or not code.startswith("nn.Dropout") or len(call.args) != 1 or call.keywords:
            continue
        given = (*layer.args, *(item.value for item in layer.keywords))
        if all(_is_rate(item) or place.code(item).startswith("self.") for item in given):
            function = "dropout" + code.removeprefix("nn.Dropout").partition("(")[0]
            handed = ", ".join((place.code(call.args[0]), *filter(None, (code.partition("(")[2][:-1],))))
            spelled = (f"{prefix}{function}({handed}, training=self.training)" for prefix in _PREFIXES)
            right = tuple(place.with_code(call, item) for item in spelled)
            yield Mutant(place.with_code(call, f"{code}({place.code(call.args[0])})"), right)
    forward = place.method("forward")
    for node in ast.walk(forward) if forward is not None and re.search(r"\bimport.*\bnn\b", place.text) else ():
        found = re.fullmatch(r"F\.dropout\((\w+), ((?:p=)?[\w.]+), training=self\.training\)", _code(place, node))
        if found is not None and isinstance(node, ast.Call):
            yield Mutant(place.with_code(node, f"nn.Dropout({found[2]})({found[1]})"))


def _is_rate(node: ast.expr) -> bool:
    """A number that drops something."""
    return isinstance(node, ast.Constant) and bool(node.value)


_PREFIXES = ("F.", "nn.functional.", "torch.nn.functional.")


def _code(place: Place, node: ast.AST) -> str:
    return place.code(node) if isinstance(node, ast.Call) else ""


def without_base(place: Place) -> Iterator[Mutant]:
    """NN413: `class Block:`, and no call of the parent's constructor."""
    call, name = any_parent_call(place), place.node.name
    if call is None or not place.code(call).endswith("__init__()") or place.node.decorator_list:
        return
    called = {place.code(item.func) for item in calls(place, "forward")}
    weighted = [item for item in layers(place) if WEIGHTED.match(place.code(item.value))]
    init = place.method("__init__")
    is_first = init is not None and body(init)[0] is call and len(body(init)) > 1
    is_base = re.search(rf"class \w+\([^)]*\b{name}\b", place.text) is not None
    header = re.search(r"\(\s*nn\.Module\s*\)", place.rows[place.node.lineno - 1])
    if not is_first or is_base or header is None or not any(place.code(item.targets[0]) in called for item in weighted):
        return
    start = sum(map(len, place.rows[: place.node.lineno - 1]))
    base = (start + header.start(), start + header.end(), "")
    row = (place.start(call), place.end(call), "")
    rest = place.text[place.end(call) :]
    behind = len(rest) - len(rest.lstrip(" \t\r\n"))
    yield Mutant(place.spliced(base, (row[0], row[1] + behind, "")), (place.with_code(call, "super().__init__()"),))


def sequential_of_list(place: Place) -> Iterator[Mutant]:
    """NN415: the star before the list is left out."""
    for node in ast.walk(place.node):
        if isinstance(node, ast.Call) and place.code(node.func) == "nn.Sequential" and len(node.args) == 1:
            held = node.args[0]
            if isinstance(held, ast.Starred):
                yield Mutant(place.with_code(held, place.code(held.value)))


def padding_filled(place: Place) -> Iterator[Mutant]:
    """NN417: an initialiser without the row that sets the vector of the padding to zero again."""
    init = place.method("__init__")
    defaults = _numbers_by_default(init) if init is not None else set()
    for layer, attribute in stored(place, init):
        value = layer.value
        if not isinstance(value, ast.Call) or place.code(value.func) not in ("nn.Embedding", "torch.nn.Embedding"):
            continue
        given = [item.value for item in value.keywords if item.arg == "padding_idx"] or value.args[2:3]
        padding = place.code(given[0]) if given else ""
        name, path = f"self.{attribute}", place.code(value.func).rpartition(".")[0]
        if not (padding.isdigit() or padding in defaults) or f"{name}.weight" in place.code(place.node):
            continue
        fill = f"{path}.init.normal_({name}.weight, std=0.02)"
        clear = f"{name}.weight.data[{name}.padding_idx].zero_()"
        yield Mutant(place.spliced(place.behind(layer, fill)), (place.spliced(place.behind(layer, fill, clear)),))


def _numbers_by_default(init: ast.FunctionDef) -> set[str]:
    pairs = zip(reversed(init.args.args), reversed(init.args.defaults))
    return {name.arg for name, value in pairs if isinstance(value, ast.Constant) and type(value.value) is int}
