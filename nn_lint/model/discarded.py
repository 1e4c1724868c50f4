"""Results that are thrown away: expression statements whose only effect is a value that nobody takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.expressions import Flow
from nn_lint.model.inplace import FLAG_POSITIONS, in_place
from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, Layer
from nn_lint.model.syntax import dotted
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ExternalClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.MatrixMultiply, cst.Power)
_LAYERS = (
    ACTIVATIONS
    | CONVOLUTIONS
    | {f"{name}{rank}d" for name in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool") for rank in (1, 2, 3)}
    | {f"BatchNorm{rank}d" for rank in (1, 2, 3)}
    | {f"Dropout{rank}" for rank in ("", "1d", "2d", "3d")}
    | {"Linear", "LayerNorm", "GroupNorm", "RMSNorm", "Softmax", "Flatten", "Upsample", "PixelShuffle"}
)
"""Layers that are called for their result; an `nn.Identity` is a place for hooks."""

_TENSOR_METHODS = frozenset(
    (
        "view permute transpose unsqueeze squeeze masked_fill flatten reshape expand expand_as repeat_interleave "
        "contiguous type_as view_as index_select matmul bmm softmax log_softmax sigmoid tanh relu clamp"
    ).split()
)
"""Methods that tensors have and that change nothing; those that other objects have in another sense are left out."""

FUNCTIONS = _TENSOR_METHODS | frozenset(
    (
        "relu6 leaky_relu elu selu gelu silu mish hardswish softplus dropout dropout2d normalize layer_norm "
        "group_norm interpolate max_pool2d avg_pool2d adaptive_avg_pool2d linear conv1d conv2d conv3d pad cat "
        "concat stack add mul sub div sqrt exp log abs sum mean einsum where"
    ).split()
)
"""Functions of torch that change nothing."""

_HOOK = "register_forward"


def is_thrown_away(cls: ModuleClass, flow: Flow, statement: cst.Expr) -> bool:
    """Whether a statement computes something of the inputs, changes nothing, and drops the result."""
    node = statement.value
    value = flow.made.get(node)
    if value is None or not value.depends:
        return False
    if isinstance(node, cst.BinaryOperation):
        return isinstance(node.operator, _ARITHMETIC)
    if not isinstance(node, cst.Call) or value.node is not node or in_place(cls, value) is not None:
        return False
    if value.kind is Kind.LAYER:
        hooked = any(_HOOK in item.text for item in (cls, *cls.ancestors))
        return not hooked and value.layer is not None and all(map(_only_computes, parts(cls, value.layer)))
    if _may_be_told_to_write(node, value.name):
        return False
    origin = dotted(node.func)
    found = cls.resolve(origin) if origin is not None else None
    if isinstance(found, ExternalClass) and found.origin in (
        f"torch.{value.name}",
        f"torch.nn.functional.{value.name}",
    ):
        return value.name in FUNCTIONS
    receiver = flow.made.get(node.func.value) if isinstance(node.func, cst.Attribute) else None
    return value.name in _TENSOR_METHODS and receiver is not None and _is_tensor(receiver)


def _only_computes(layer: Layer | None) -> bool:
    if layer is None or layer.torch_name not in _LAYERS:
        return False
    flag = layer.argument("inplace")
    starred = any(item.star for item in layer.call.args)
    return not starred and (flag is None or (isinstance(flag, cst.Name) and flag.value == "False"))


def _may_be_told_to_write(call: cst.Call, name: str) -> bool:
    """`inplace`, `out` or further arguments that may be one of them."""
    plain = [item for item in call.args if item.keyword is None]
    named = {item.keyword.value for item in call.args if item.keyword is not None}
    limit = FLAG_POSITIONS.get(name, len(plain))
    return bool(named & {"inplace", "out"}) or any(item.star for item in call.args) or len(plain) > limit


def _is_tensor(value: Value) -> bool:
    """Whether a value can only be a tensor, or is an input that is used like one."""
    return value.depends and value.kind not in (Kind.COLLECTION, Kind.ITEM, Kind.UNKNOWN, Kind.CONSTANT)
