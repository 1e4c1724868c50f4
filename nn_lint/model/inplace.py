"""Which calls write into the tensor that they get: in-place layers and functions, `x.relu_()`, `x += y`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.layers import ACTIVATIONS, PASSIVE, Layer
from nn_lint.model.values import Kind, Value

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


@dataclass(frozen=True, slots=True)
class InPlace:
    """A value whose making writes into its first operand.

    `node` is what makes it do so: the construction of a layer, the call, the augmented assignment. `flag` is the
    argument `inplace` where there is one. `gives_operand`: the result is the operand itself.
    """

    value: Value
    node: cst.CSTNode
    layer: Layer | None
    flag: cst.Arg | None
    gives_operand: bool


@dataclass(frozen=True, slots=True)
class Step:
    """The layer or function that gives a value: its bare name in lower case, and whether it works in place."""

    name: str
    is_in_place: bool


def last_step(cls: ModuleClass, value: Value) -> Step | None:
    """What gives a value last, of a Sequential its last child; `None` where that is unknown."""
    if value.kind is Kind.LAYER and value.layer is not None:
        last = next(iter(reversed(tuple(parts(cls, value.layer)))), None)
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
        return InPlace(value, value.node, None, None, True) if isinstance(value.node.target, cst.Name) else None
    return _by_call(value, value.node) if isinstance(value.node, cst.Call) else None


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
    """An in-place layer, or a Sequential that begins with one; only layers that the class itself builds."""
    layer = value.layer
    if layer is None or layer not in cls.layers.own.get(layer.attribute, ()):
        return None
    writing: tuple[Layer, cst.Arg] | None = None
    for part in parts(cls, layer):
        flag = layer_flag(part) if part is not None else None
        if part is not None and flag is not None:
            writing = writing or (part, flag)
        elif part is None or part.torch_name != "Identity":
            return InPlace(value, writing[0].call, writing[0], writing[1], False) if writing else None
    return InPlace(value, writing[0].call, writing[0], writing[1], True) if writing else None


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
        return InPlace(value, call, None, None, True)
    flag = flag_of(call, FLAG_POSITIONS.get(value.name)) if value.name in FLAG_POSITIONS else None
    return InPlace(value, call, None, flag, True) if flag is not None else None
