"""Results that are thrown away: expression statements whose only effect is a value that nobody takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.expressions import Flow
from nn_lint.model.inplace import FLAG_POSITIONS, in_place
from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, PASSIVE, Layer
from nn_lint.model.occurrences import name_occurrences, occurrences
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
    | {"Linear", "LayerNorm", "GroupNorm", "RMSNorm", "Softmax", "LogSoftmax", "Flatten", "Upsample", "PixelShuffle"}
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
        "concat stack vstack hstack dstack add mul sub div sqrt exp log abs sum mean einsum where"
    ).split()
)
"""Functions of torch that change nothing."""

_HOOK = "register_forward"
_MAKES_IN_PLACE = re.compile(r"\.inplace\b[ \t]*=(?!=)|[\"']inplace[\"']")
_STATISTICS = re.compile(r"\b(?:running_mean|running_var|num_batches_tracked)\b")
_TENSOR_FIELDS = frozenset(
    "shape dtype device ndim T mT H mH data grad is_cuda requires_grad real imag layout is_sparse grad_fn names".split()
)


def is_thrown_away(cls: ModuleClass, flow: Flow, statement: cst.Expr) -> bool:
    """Whether a statement computes something of the inputs, changes nothing, and drops the result."""
    node = statement.value
    value = flow.made.get(node)
    if value is None or not value.depends:
        return False
    if isinstance(node, cst.BinaryOperation):
        return isinstance(node.operator, _ARITHMETIC) and all(_may_be_tensor(cls, item) for item in value.operands)
    if not isinstance(node, cst.Call) or value.node is not node or in_place(cls, value) is not None:
        return False
    if value.kind is Kind.LAYER:
        hooked = any(_HOOK in item.definition.file.text.content for item in (cls, *cls.ancestors))
        return not hooked and value.layer is not None and _only_computes(cls, flow, statement, value.layer)
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
    return value.name in _TENSOR_METHODS and receiver is not None and _is_tensor(cls, receiver)


def _only_computes(cls: ModuleClass, flow: Flow, statement: cst.Expr, layer: Layer) -> bool:
    """Whether a call of a layer can have no other effect than its result."""
    inside = tuple(parts(cls, layer))
    if any(item is not None and (item.torch_name or "").startswith("BatchNorm") for item in inside):
        calls = [item for item in flow.values if item.kind is Kind.LAYER and item.layer is layer]
        if len(calls) > 1 or _STATISTICS.search(cls.text) or _is_set_apart(cls, statement):
            return False
    may_write = _MAKES_IN_PLACE.search(cls.definition.file.text.content) is not None
    return all(_gives_new(item) for item in inside) and not (
        may_write and any(item is not None and item.torch_name in ACTIVATIONS | PASSIVE for item in inside)
    )


def _is_set_apart(cls: ModuleClass, statement: cst.Expr) -> bool:
    """Whether a statement stands below a condition or a `with`, or in a forward that keeps no gradients."""
    forward = cls.method("forward")
    chains = occurrences(forward.node.body, lambda node: node is statement) if forward is not None else iter(())
    around = next(chains, ())
    free = forward is not None and any(name.endswith(("no_grad", "inference_mode")) for name in forward.decorators)
    return free or any(isinstance(node, (cst.If, cst.With)) for node in around)


def _gives_new(layer: Layer | None) -> bool:
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


def _is_tensor(cls: ModuleClass, value: Value) -> bool:
    """Whether a value can only be a tensor, or is an input that is used like one."""
    is_open = value.kind in (Kind.COLLECTION, Kind.ITEM, Kind.UNKNOWN, Kind.CONSTANT)
    return value.depends and not is_open and _may_be_tensor(cls, value)


def _may_be_tensor(cls: ModuleClass, value: Value) -> bool:
    """Whether nothing, neither annotation nor a field that is asked of it, says that an input is another object."""
    forward = cls.method("forward")
    if value.kind is not Kind.INPUT or forward is None:
        return True
    annotation = next((item.annotation for item in forward.parameters if item.name == value.name), None)
    if annotation is not None and "Tensor" not in annotation and "Any" not in annotation:
        return False
    for chain in name_occurrences(forward.node.body, value.name):
        around = chain[-2]
        is_called = isinstance(chain[-3], cst.Call) and chain[-3].func is around
        if isinstance(around, cst.Attribute) and not is_called and around.attr.value not in _TENSOR_FIELDS:
            return False
    return True
