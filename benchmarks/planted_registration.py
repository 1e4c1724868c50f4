"""Planted mistakes in what a module registers: containers, buffers and parameters (NN401 to NN406)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planted_place import Mutant, Place, stored

_MAKERS = r"torch\.(?:zeros|ones|tensor|arange|linspace|randn?|eye|full|hann_window|FloatTensor)"
_CONTAINER = re.compile(r"(?:torch\.)?nn\.Module(?:List|Dict)")
_ELSEWHERE = r"device|dtype=torch\.(?:long|bool|int)|squeeze\(0\)|torch\.tensor\(\w+\)$"
_LISTS = (ast.List, ast.ListComp, ast.Dict)


def plain_container(place: Place) -> Iterator[Mutant]:
    """NN401: the ModuleList or ModuleDict around layers with weights is left out."""
    init = place.method("__init__")
    for node, name in stored(place, init):
        value = node.value
        if not isinstance(value, ast.Call) or not _CONTAINER.fullmatch(place.code(value.func)):
            continue
        if (
            init is None
            or len(re.findall(rf"self\.{name} *(?::[^=\n]+)?=(?!=| *self\.{name}\[)", place.code(place.node))) > 1
        ):
            continue
        plain = _plain(place, init, name, value)
        if plain is not None:
            kind = place.code(value.func).rpartition(".")[2]
            held = "" if plain == "[]" else plain
            right = tuple(place.with_code(value, f"{path}.{kind}({held})") for path in ("nn", "torch.nn"))
            yield Mutant(place.with_code(value, plain), right)


def _plain(place: Place, init: ast.FunctionDef, name: str, value: ast.Call) -> str | None:
    """What is written where the container of torch is forgotten, if layers with weights are in it."""
    held = value.args[0] if len(value.args) == 1 and not value.keywords else None
    if isinstance(held, _LISTS) and _is_filled(held):
        return place.code(held) if place.builds_weights(place.code(held)) else None
    if isinstance(held, ast.Name) and _starts_as_list(init, held.id):
        return held.id if place.builds_weights(place.code(init)) else None
    if (held is None and not value.args) or (isinstance(held, ast.List) and not held.elts):
        grown = re.search(rf"self\.{name}\.append\((.*)", place.code(init))
        return "[]" if grown is not None and place.builds_weights(grown[1]) else None
    return None


def _is_filled(node: ast.expr) -> bool:
    """More than one element: a list of one is how a module is kept out of `parameters()` on purpose."""
    if isinstance(node, ast.ListComp):
        return True
    elements = node.elts if isinstance(node, ast.List) else node.values if isinstance(node, ast.Dict) else []
    return len(elements) > 1


def _starts_as_list(init: ast.FunctionDef, name: str) -> bool:
    """Whether a local name is a list that is written out, and nothing else."""
    values = [
        node.value
        for node in ast.walk(init)
        if isinstance(node, ast.Assign) and any(isinstance(item, ast.Name) and item.id == name for item in node.targets)
    ]
    return bool(values) and all(isinstance(item, (ast.List, ast.ListComp)) for item in values)


def one_layer_many_times(place: Place) -> Iterator[Mutant]:
    """NN402: `[nn.Linear(8, 8)] * 3` for a comprehension that does not use its variable."""
    init = place.method("__init__")
    for node in ast.walk(init) if init is not None else ():
        if not isinstance(node, ast.ListComp) or len(node.generators) != 1 or not isinstance(node.elt, ast.Call):
            continue
        turn = node.generators[0]
        count = re.fullmatch(r"range\(([^,]*)\)", place.code(turn.iter), re.DOTALL)
        if (
            turn.ifs
            or count is None
            or count[1] == "1"
            or not isinstance(turn.target, ast.Name)
            or isinstance(turn.iter, ast.Starred)
        ):
            continue
        built, variable = place.code(node.elt), turn.target.id
        is_class = re.match(r"(?:nn\.)?[A-Z]\w*\(", built) is not None and not built.startswith("nn.Module")
        if is_class and not re.search(rf"\b{variable}\b", built) and place.builds_weights(built):
            times = count[1] if re.fullmatch(r"[\w.]+", count[1]) else f"({count[1]})"
            right = place.with_code(node, f"[{built} for _ in range({times})]")
            yield Mutant(place.with_code(node, f"[{built}] * {times}"), (right,))


def plain_tensor(place: Place) -> Iterator[Mutant]:
    """NN403: a constant that `forward` computes with is assigned, not registered."""
    init, forward = place.method("__init__"), place.method("forward")
    for node in ast.walk(init) if init is not None and forward is not None else ():
        call = node.value if isinstance(node, ast.Expr) else None
        if not isinstance(call, ast.Call) or place.code(call.func) != "self.register_buffer" or len(call.args) != 2:
            continue
        key, value = call.args
        name = key.value if isinstance(key, ast.Constant) else None
        if init is None or forward is None or not isinstance(name, str) or not _is_constant(place, init, value):
            continue
        rest = (
            place.text[place.start(place.node) : place.start(call)]
            + place.text[place.end(call) : place.end(place.node)]
        )
        is_free = not re.search(rf"(?:type_as|to)\(self\.{name}\b|\.{name}\.(?:device|dtype)", rest) and not re.search(
            rf"\.{name}\b *(?:(?:\[[^\]]*\])? *[-+*/]?=(?!=)|\.(?:copy_|data|to)\b)|[\"']{name}[\"']", rest
        )
        if is_free and isinstance(node, ast.Expr) and _is_computed_with(place, forward, name):
            given = f"self.register_buffer({place.code(key)}, {place.code(value)}"
            right = tuple(place.with_code(call, given + end) for end in (")", ", persistent=False)"))
            yield Mutant(place.with_code(node, f"self.{name} = {place.code(value)}"), right)


def _is_constant(place: Place, init: ast.FunctionDef, value: ast.expr) -> bool:
    """A new tensor of numbers, or a local name that is one, on no device of its own."""
    made = [value]
    if isinstance(value, ast.Name):
        assigned = (node for node in ast.walk(init) if isinstance(node, ast.Assign))
        made = [item.value for item in assigned if value.id in map(place.code, item.targets)]
        if value.id in {item.arg for item in (*init.args.args, *init.args.kwonlyargs)}:
            return False
    codes = [place.code(item) for item in made]
    is_made = bool(codes) and re.search(_MAKERS, codes[0]) is not None
    return is_made and not any(re.search(_ELSEWHERE, code) for code in codes)


_JOINING = re.compile(r"(?:\w+\.)+(?:where|matmul|bmm|mul|add|sub|div|einsum|conv[123]d|linear|stft|istft)")


def _is_computed_with(place: Place, forward: ast.FunctionDef, name: str) -> bool:
    """Whether `self.name`, or a part of it, meets another value in arithmetic or in a function that joins tensors."""
    for node in ast.walk(forward):
        sides: list[ast.expr] = []
        if isinstance(node, ast.BinOp):
            is_scaled = isinstance(node.left, ast.Constant) or isinstance(node.right, (ast.Constant, ast.UnaryOp))
            sides = [] if is_scaled else [node.left, node.right]
        elif isinstance(node, ast.Call) and _JOINING.fullmatch(place.code(node.func)):
            sides = [*node.args, *(item.value for item in node.keywords)] if len(node.args) > 1 else node.args
        inner = [item.value if isinstance(item, ast.Subscript) and _has_slice(item) else item for item in sides]
        if any(isinstance(item, ast.Attribute) and place.code(item) == f"self.{name}" for item in inner):
            return True
    return False


def _has_slice(node: ast.Subscript) -> bool:
    return any(isinstance(item, ast.Slice) for item in ast.walk(node.slice))


def _parameters(place: Place) -> Iterator[tuple[ast.Assign, ast.Call]]:
    """`self.w = nn.Parameter(value)` in `__init__`."""
    for node, _ in stored(place, place.method("__init__")):
        value = node.value
        if not isinstance(value, ast.Call) or place.code(value.func) not in ("nn.Parameter", "torch.nn.Parameter"):
            continue
        if len(value.args) == 1 and not isinstance(value.args[0], ast.Starred):
            yield node, value


def cast_parameter(place: Place) -> Iterator[Mutant]:
    """NN404: the parameter is moved, not the tensor in it."""
    for _, call in _parameters(place):
        held = call.args[0]
        if call.keywords or not isinstance(held, ast.Call):
            continue
        cast = re.fullmatch(r"([\s\S]+\))(\.(?:to\([\w.]+\)|cuda\(\)|float\(\)|double\(\)|half\(\)))", place.code(held))
        inner, behind = (cast[1], cast[2]) if cast is not None else (place.code(held), _move(place))
        name = place.code(call.func)
        right = place.with_code(call, f"{name}({inner}{behind})")
        yield Mutant(place.with_code(call, f"{name}({inner}){behind}"), (right,))


def _move(place: Place) -> str:
    init = place.method("__init__")
    names = {item.arg for item in (*init.args.args, *init.args.kwonlyargs)} if init is not None else set()
    return ".to(device)" if "device" in names else ".cuda()"


def tensor_with_gradient(place: Place) -> Iterator[Mutant]:
    """NN405: a tensor that wants gradients in the place of a parameter."""
    for _, call in _parameters(place):
        held, flags = call.args[0], {item.arg: place.code(item.value) for item in call.keywords}
        if (
            not isinstance(held, ast.Call)
            or "requires_grad" in place.code(held)
            or flags not in ({}, {"requires_grad": "True"})
        ):
            continue
        right = (place.with_code(call, f"{place.code(call.func)}({place.code(held)})"),)
        if re.match(r"torch\.(?:FloatTensor|Tensor)\(", place.code(held)):
            yield Mutant(place.with_code(call, f"{place.code(held)}.requires_grad_()"), right)
        elif re.fullmatch(_MAKERS, place.code(held.func)) and (held.args or held.keywords):
            end = "" if place.code(held)[:-1].rstrip().endswith(",") else ","
            yield Mutant(place.with_code(call, f"{place.code(held)[:-1]}{end} requires_grad=True)"), right)


def slip_of_requires_grad(place: Place) -> Iterator[Mutant]:
    """NN406: `p.require_grad = False`."""
    for node in ast.walk(place.node):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Attribute):
            target = node.targets[0]
            owner = place.code(target.value)
            is_layer = re.fullmatch(r"self(?:\.\w+)?", owner) and f"{owner} = nn.Parameter" not in place.text
            if target.attr == "requires_grad" and not is_layer and ".require_grad" not in place.text:
                yield Mutant(place.with_code(target, f"{owner}.require_grad"))
