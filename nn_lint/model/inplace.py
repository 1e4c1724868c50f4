"""Which calls write into the tensor that they get: in-place layers and functions, `x.relu_()`, `x += y`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import built_parts, items, parts
from nn_lint.model.layers import ACTIVATIONS, PASSIVE, Layer
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_IN_PLACE_LAYERS = ACTIVATIONS | PASSIVE
FLAG_POSITIONS: Mapping[str, int] = {
    **dict.fromkeys(("relu", "relu6", "selu", "silu", "mish", "hardswish", "hardsigmoid"), 1),
    **dict.fromkeys(("leaky_relu", "elu", "celu"), 2),
    **dict.fromkeys(("threshold", "hardtanh", "dropout", "alpha_dropout"), 3),
    "rrelu": 4,
}
"""Where the functions of torch.nn.functional take `inplace`."""

_WITHOUT_WRITING = frozenset(
    (
        "requires_grad_ detach_ squeeze_ unsqueeze_ transpose_ t_ swapaxes_ swapdims_ resize_ resize_as_ share_memory_ "
        "rename_ as_strided_ retain_grad_"
    ).split()
)
_KINDS = frozenset({Kind.OPERATION, Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY})


_DEPTH = 3
"""How far classes are followed that consist of others."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """A value whose making writes into its first operand.

    `node` is what makes it do so: the construction of a layer, the call, the augmented assignment. `flag` is the
    argument `inplace` where there is one. `gives_operand`: the result is the operand itself. `function` is the bare
    name of what writes, in lower case, and `inner` its text where a class of the project does it.
    """

    value: Value
    node: cst.CSTNode
    layer: Layer | None
    flag: cst.Arg | None
    gives_operand: bool
    function: str = ""
    inner: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The layer or function that gives a value: its bare name in lower case, and whether it works in place."""

    name: str
    is_in_place: bool


def last_step(cls: ModuleClass, value: Value, depth: int = _DEPTH) -> Step | None:
    """What gives a value last, of a Sequential its last child, of a class of the project what its forward returns.

    `None` where that is unknown.
    """
    if value.kind is Kind.LAYER and value.layer is not None:
        last = next(iter(reversed(tuple(parts(cls, value.layer)))), None)
        if last is not None and isinstance(last.cls, ProjectClass):
            return _last_of_child(cls, last.cls, depth)
        name = last.torch_name if last is not None else None
        return None if last is None or name is None else Step(name.lower(), layer_flag(last) is not None)
    if value.kind is not Kind.OPERATION or not isinstance(value.node, cst.Call):
        return None
    return Step(value.name.rstrip("_").replace("_", ""), in_place(cls, value) is not None)


def in_place(cls: ModuleClass, value: Value) -> InPlace | None:
    """How a value was made in place; `None` where it was not, or where that is not certain."""
    if not value.operands or not value.operands[0].depends:
        return None
    if value.kind is Kind.LAYER:
        return _by_layer(cls, value)
    if value.kind not in _KINDS:
        return None
    if isinstance(value.node, cst.AugAssign):
        return (
            InPlace(value, value.node, None, None, gives_operand=True)
            if isinstance(value.node.target, cst.Name)
            else None
        )
    return _by_call(value, value.node) if isinstance(value.node, cst.Call) else None


def _last_of_child(cls: ModuleClass, child: ProjectClass, depth: int) -> Step | None:
    """The last step of a child's own forward, if it returns but one tensor."""
    model = cls.registry.model(child)
    flow = model.flow
    if depth == 0 or flow is None or len(flow.returned) != 1:
        return None
    return last_step(model, flow.returned[0][1], depth - 1)


def is_identity(value: Value) -> bool:
    """Whether a value is what an `nn.Identity` was given."""
    return value.kind is Kind.LAYER and value.layer is not None and value.layer.torch_name == "Identity"


def flag_of(call: cst.Call, position: int | None = None) -> cst.Arg | None:
    """The argument `inplace=True`, by keyword or at a position."""
    if any(item.star for item in call.args):
        return None
    plain = [item for item in call.args if item.keyword is None]
    named = next((item for item in call.args if item.keyword is not None and item.keyword.value == "inplace"), None)
    found = named or (plain[position] if position is not None and position < len(plain) else None)
    is_true = found is not None and isinstance(found.value, cst.Name) and found.value.value == "True"
    return found if is_true else None


def _by_layer(cls: ModuleClass, value: Value) -> InPlace | None:
    """An in-place layer, or a container that begins with one; only layers that the class itself builds.

    A class of the same file whose forward begins so counts as one.
    """
    layer = value.layer
    if layer is not None:
        is_own = layer in cls.layers.own.get(layer.attribute, ())
        return _by_parts(cls, value, built_parts(cls, layer)) if is_own else None
    found = [_by_parts(cls, value, parts(cls, item)) for item in items(cls, value.name)]
    return found[0] if found and all(item is not None for item in found) else None


def _by_parts(cls: ModuleClass, value: Value, chain: Iterable[Layer | None]) -> InPlace | None:
    """The first of some layers that follow one another, if it works in place."""
    writing: InPlace | None = None
    for part in chain:
        if part is not None and part.torch_name == "Identity":
            continue
        write = _by_part(cls, value, part) if part is not None else None
        if write is None:
            return writing and replace(writing, gives_operand=False)
        writing = writing or write
        if not write.gives_operand:
            return replace(writing, gives_operand=False)
    return writing


def _by_part(cls: ModuleClass, value: Value, part: Layer) -> InPlace | None:
    flag = layer_flag(part)
    if flag is not None:
        return InPlace(value, part.call, part, flag, gives_operand=True, function=(part.torch_name or "").lower())
    if not isinstance(part.cls, ProjectClass) or part.cls.file != cls.definition.file:
        return None
    if not _gets_tensor_first(value):
        return None
    from nn_lint.model.child_writes import child_write

    found, node = child_write(cls.registry, part.cls), value.node
    if found is None or node is None:
        return None
    return InPlace(value, node, None, None, found.gives_operand, found.function, found.text)


def _gets_tensor_first(value: Value) -> bool:
    """Whether the first argument of a call is what its value was made of first."""
    first = value.node.args[0] if isinstance(value.node, cst.Call) and value.node.args else None
    return first is not None and first.keyword is None and first.star == ""


def layer_flag(layer: Layer) -> cst.Arg | None:
    """The argument `inplace=True` of an activation or dropout."""
    if layer.torch_name not in _IN_PLACE_LAYERS:
        return None
    argument = layer.argument("inplace")
    flag = next((item for item in layer.call.args if item.value is argument), None)
    is_true = flag is not None and isinstance(flag.value, cst.Name) and flag.value.value == "True"
    return flag if is_true else None


def _by_call(value: Value, call: cst.Call) -> InPlace | None:
    if value.name.endswith("_") and not value.name.endswith("__") and value.name not in _WITHOUT_WRITING:
        return InPlace(value, call, None, None, gives_operand=True, function=value.name.rstrip("_"))
    flag = flag_of(call, FLAG_POSITIONS.get(value.name)) if value.name in FLAG_POSITIONS else None
    if flag is None:
        return None
    return InPlace(value, call, None, flag, gives_operand=True, function=value.name)


def may_be_told_to_write(call: cst.Call, name: str) -> bool:
    """`inplace`, `out` or further arguments that may be one of them."""
    plain = [item for item in call.args if item.keyword is None]
    named = {item.keyword.value for item in call.args if item.keyword is not None}
    limit = FLAG_POSITIONS.get(name, len(plain))
    return bool(named & {"inplace", "out"}) or any(item.star for item in call.args) or len(plain) > limit
