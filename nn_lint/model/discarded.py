"""Results that are thrown away: expression statements whose only effect is a value that nobody takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.expressions import Flow
from nn_lint.model.inplace import in_place, may_be_told_to_write
from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, PASSIVE, Layer
from nn_lint.model.method import Method
from nn_lint.model.occurrences import name_occurrences, occurrences
from nn_lint.model.pure import inner_layers, layers_of_method
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ExternalClass, ProjectClass

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
    | {"MultiheadAttention", "LSTM", "GRU", "RNN", "TransformerEncoderLayer", "TransformerDecoderLayer"}
)
"""Layers that are called for their result; an `nn.Identity` is a place for hooks."""

_TENSOR_METHODS = frozenset(
    (
        "view permute transpose unsqueeze squeeze masked_fill flatten reshape expand expand_as repeat_interleave "
        "contiguous type_as view_as index_select matmul bmm softmax log_softmax sigmoid tanh relu clamp"
    ).split()
)
"""Methods that tensors have and that change nothing; those that other objects have in another sense are left out."""

CONVERSIONS = frozenset("to float half double long detach clone cuda".split())
"""Methods of tensors that give another one; modules have some of them, and change in place."""

_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
_COMPUTED = frozenset({Kind.OPERATION, Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.CONCATENATE, Kind.LAYER})
_ITEM = "[]"
_HOLDERS = frozenset({"ModuleList", "ModuleDict", "Sequential"})

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
    if not isinstance(node, cst.Call):
        return False
    helper = _helper(cls, node)
    if helper is not None:
        layers = tuple(layers_of_method(cls, helper))
        return value.kind in _COMPUTED and not _is_hooked(cls) and _only_compute(cls, flow, statement, layers)
    if value.node is not node or in_place(cls, value) is not None:
        return False
    if value.kind is Kind.LAYER:
        return not _is_hooked(cls) and _only_compute(cls, flow, statement, _layers_called(cls, value))
    if may_be_told_to_write(node, value.name):
        return False
    origin = dotted(node.func)
    found = cls.resolve(origin) if origin is not None else None
    if isinstance(found, ExternalClass) and found.origin in (
        f"torch.{value.name}",
        f"torch.nn.functional.{value.name}",
    ):
        return value.name in FUNCTIONS
    receiver = flow.made.get(node.func.value) if isinstance(node.func, cst.Attribute) else None
    if receiver is None or not _is_tensor(cls, receiver):
        return False
    return value.name in _TENSOR_METHODS or (value.name in CONVERSIONS and _is_surely_tensor(flow, receiver))


def _is_hooked(cls: ModuleClass) -> bool:
    return any(_HOOK in item.definition.file.text.content for item in (cls, *cls.ancestors))


def _helper(cls: ModuleClass, node: cst.Call) -> Method | None:
    """The method of the class itself that a statement calls; one that an heir replaces may be called for anything."""
    forward = cls.method("forward")
    name = self_attribute(node.func, forward.receiver) if forward is not None else None
    method = cls.method(name) if name is not None else None
    if method is None or method.is_static or name in cls.rebound_attributes:
        return None
    hierarchy = cls.registry.hierarchy
    near = (
        ProjectClass(file, facts)
        for file in hierarchy.files.mentioning(cls.name, cls.definition.file)
        for facts in file.facts.classes
        if facts is not cls.facts and facts.method(method.name) is not None
    )
    is_replaced = any(cls.definition in hierarchy.ancestry(item).order for item in near)
    return None if is_replaced else method


def _layers_called(cls: ModuleClass, value: Value) -> tuple[Layer | None, ...]:
    """The layers of torch that the call of a submodule, or of an item of a list of them, may run."""
    attribute = value.name.removesuffix(_ITEM)
    if value.layer is not None:
        return tuple(inner_layers(cls, value.layer))
    replaced = rf"\.{attribute}\[[^\]\n]*\]\s*=[^=]|[\"']{attribute}[\"']"
    if any(re.search(replaced, item.text) or item.defines(attribute) for item in (cls, *cls.ancestors)):
        return (None,)
    holder = cls.layers.only(attribute)
    if value.name.endswith(_ITEM) and (holder is None or holder.torch_name not in _HOLDERS):
        return (None,)
    made = cls.layers.alternatives(attribute) or ((None,),)
    return tuple(
        inner for parts in made for part in parts for inner in ((part,) if part is None else inner_layers(cls, part))
    )


def _only_compute(cls: ModuleClass, flow: Flow, statement: cst.Expr, layers: tuple[Layer | None, ...]) -> bool:
    """Whether a call that runs these layers can have no other effect than its result."""
    if any(item is not None and (item.torch_name or "").startswith("BatchNorm") for item in layers):
        value = flow.made[statement.value]
        calls = {item.node for item in flow.values if item.kind is Kind.LAYER and item.name == value.name}
        if len(calls) > 1 or _STATISTICS.search(cls.text) or _is_set_apart(cls, statement, value.name):
            return False
    may_write = _MAKES_IN_PLACE.search(cls.definition.file.text.content) is not None
    return all(map(_gives_new, layers)) and not (
        may_write and any(item is not None and item.torch_name in ACTIVATIONS | PASSIVE for item in layers)
    )


def _is_set_apart(cls: ModuleClass, statement: cst.Expr, attribute: str) -> bool:
    """Whether a statement stands below a condition or a `with`, or in a forward that keeps no gradients.

    Whether the layer is there at all is no such condition.
    """
    forward = cls.method("forward")
    if forward is None:
        return False
    around = next(occurrences(forward.node.body, lambda node: node is statement), ())
    free = any(name.endswith(("no_grad", "inference_mode")) for name in forward.decorators)
    if free or any(isinstance(node, cst.With) for node in around):
        return True
    tests = [cls.syntax.text(node.test) for node in around if isinstance(node, cst.If)]
    layer = f"{forward.receiver}.{attribute}"
    return any(test not in (layer, f"{layer} is not None") for test in tests)


def _gives_new(layer: Layer | None) -> bool:
    if layer is None or layer.torch_name not in _LAYERS:
        return False
    flag = layer.argument("inplace")
    starred = any(item.star for item in layer.call.args)
    return not starred and (flag is None or (isinstance(flag, cst.Name) and flag.value == "False"))


def _is_tensor(cls: ModuleClass, value: Value) -> bool:
    """Whether a value can only be a tensor, or is an input that is used like one."""
    is_open = value.kind in (Kind.COLLECTION, Kind.ITEM, Kind.UNKNOWN, Kind.CONSTANT)
    return value.depends and not is_open and _may_be_tensor(cls, value)


def _is_surely_tensor(flow: Flow, value: Value) -> bool:
    """Whether a layer of torch or a sum made a value, or takes it as it is: modules and dicts change in place."""
    if value.kind is Kind.INPUT:
        return any(value in item.operands and (item.kind is Kind.ADD or _is_of_torch(item)) for item in flow.values)
    return value.kind is Kind.ADD or _is_of_torch(value)


def _is_of_torch(value: Value) -> bool:
    """Whether a value was made by a layer of torch that takes and gives a tensor."""
    return value.kind is Kind.LAYER and value.layer is not None and value.layer.torch_name in _LAYERS - _RECURRENT


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
