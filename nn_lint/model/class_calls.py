"""Calls of layer classes in a forward: whether one is used as if the layer itself had been called."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import ACTIVATIONS
from nn_lint.model.occurrences import name_occurrences, occurrences
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ExternalClass

if TYPE_CHECKING:
    from nn_lint.model.expressions import Flow
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_TENSOR_KINDS = frozenset({Kind.LAYER, Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.CONCATENATE, Kind.OPERATION})
_OF_LAYERS = frozenset(
    (
        "forward to cuda cpu half float double type eval train apply weight bias requires_grad_ parameters "
        "named_parameters children modules state_dict load_state_dict register_forward_hook"
    ).split()
)
_WITHOUT_SIZES = ACTIVATIONS | {"Flatten", "Identity"}
"""Layers that nobody builds by what a forward is given."""

_BUILTINS = frozenset(dir(builtins))


def is_applied(cls: ModuleClass, calls: Sequence[cst.Call], name: str) -> bool:
    """Whether each of some calls of a layer class gets a tensor and stands where one is wanted.

    What `forward` takes may be a size or a rate too: only activations, which want none, or `x = nn.Softmax(x)` tell.
    """
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None:
        return False
    for call in calls:
        first = call.args[0] if call.args else None
        value = None if first is None or first.star or first.keyword is not None else flow.made.get(first.value)
        target = _wants_tensor(cls, forward, call)
        if first is None or value is None or not value.depends or target is None:
            return False
        if value.kind is Kind.INPUT:
            is_rebound = isinstance(first.value, cst.Name) and first.value.value == target
            is_clear = is_rebound or name in _WITHOUT_SIZES or _gets_two(flow, call) or _feeds_layer(cls, forward, call)
        else:
            is_clear = _is_computed(value) and (not name.endswith("Loss") or _gets_two(flow, call))
        if not is_clear:
            return False
    return bool(calls)


def _feeds_layer(cls: ModuleClass, method: Method, call: cst.Call) -> bool:
    """Whether the result of a call goes straight into a layer of torch that the class holds, which wants a tensor."""
    place = next(occurrences(method.node.body, lambda node: node is call), ())
    around = place[-3] if len(place) > 2 and isinstance(place[-2], cst.Arg) else None
    attribute = self_attribute(around.func, method.receiver) if isinstance(around, cst.Call) else None
    layer = cls.layers.only(attribute) if attribute is not None else None
    return layer is not None and layer.torch_name is not None


def _is_computed(value: Value) -> bool:
    """Whether a layer, a function of torch or arithmetic made a value, or what it is a part or a case of."""
    if value.kind in (Kind.ITEM, Kind.CHOICE):
        return any(map(_is_computed, value.operands))
    return value.kind in _TENSOR_KINDS


def _gets_two(flow: Flow, call: cst.Call) -> bool:
    """Whether a second argument hangs on the inputs too, as the target of a loss does."""
    second = flow.made.get(call.args[1].value) if len(call.args) > 1 and call.args[1].keyword is None else None
    return second is not None and second.depends


def _wants_tensor(cls: ModuleClass, method: Method, call: cst.Call) -> str | None:
    """The name that gets the result of a call, empty without one; `None` where the result may well be a layer."""
    chain = next(occurrences(method.node.body, lambda node: node is call), ())
    around = chain[-2] if len(chain) > 1 else None
    if isinstance(around, cst.Assign):
        target = around.targets[0].target if len(around.targets) == 1 else None
        is_plain = isinstance(target, cst.Name) and not _is_used_as_layer(method, target.value)
        return target.value if isinstance(target, cst.Name) and is_plain else None
    if isinstance(around, cst.Arg):
        return "" if _takes_tensors(cls, method, chain[-3]) else None
    if isinstance(around, cst.Attribute):
        return None if around.attr.value in _OF_LAYERS else ""
    return "" if isinstance(around, (cst.Return, cst.BinaryOperation)) else None


def _is_used_as_layer(method: Method, name: str) -> bool:
    """Whether a local name is called, or asked for what only layers have, or handed on to who knows whom."""
    for chain in name_occurrences(method.node.body, name):
        around = chain[-2]
        if isinstance(around, cst.Call) and around.func is chain[-1]:
            return True
        if isinstance(around, cst.Attribute) and around.attr.value in _OF_LAYERS:
            return True
        call = chain[-3] if isinstance(around, cst.Arg) else None
        if isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value not in _BUILTINS:
            return True
    return False


def _takes_tensors(cls: ModuleClass, method: Method, call: cst.CSTNode) -> bool:
    """`self.fc(...)` and functions of torch; containers and unknown functions may take layers."""
    if not isinstance(call, cst.Call):
        return False
    attribute = self_attribute(call.func, method.receiver)
    if attribute is not None:
        return cls.find_method(attribute) is None
    found = cls.resolve(dotted(call.func) or "?")
    return isinstance(found, ExternalClass) and found.origin.startswith("torch.")
