"""What a single step does to a value: leaves it as it is, activates it or normalises it."""

from __future__ import annotations

import re

from nn_lint.model.layers import ACTIVATIONS, NORMS, PASSIVE, Layer
from nn_lint.model.values import Kind, Value

_PASSING_OPERATIONS = frozenset({"dropout", "contiguous", "clone", "float", "half", "to", "type_as"})
_ACTIVATION_OPERATIONS = frozenset(
    (
        "relu relu6 leaky_relu prelu rrelu elu celu selu gelu silu mish sigmoid tanh hardswish hardtanh hardsigmoid "
        "softplus softsign logsigmoid"
    ).split()
)
_NORM_OPERATIONS = frozenset({"layer_norm", "rms_norm", "group_norm", "batch_norm", "instance_norm"})
_NORM_NAME = re.compile(r"(?:\w*_)?(?:\w*norm|ln|bn)(?:_?\w{1,4})?(?:\[\])?", re.IGNORECASE)


def is_passive(value: Value) -> bool:
    """Whether a step leaves its one value as it is, but for dropout, layout and precision."""
    if len(value.dependent_operands) != 1:
        return False
    if value.kind is Kind.LAYER:
        return value.layer is not None and value.layer.torch_name in PASSIVE
    return value.kind is Kind.OPERATION and value.name in _PASSING_OPERATIONS


def settled(value: Value) -> Value:
    """The value behind passive steps."""
    while is_passive(value):
        value = value.dependent_operands[0]
    return value


def is_activation(value: Value) -> bool:
    """An activation of torch, as a function, a method or a submodule."""
    if value.kind is Kind.LAYER:
        return value.layer is not None and value.layer.torch_name in ACTIVATIONS
    return value.kind is Kind.OPERATION and value.name.rstrip("_") in _ACTIVATION_OPERATIONS


def is_norm(value: Value) -> bool:
    """A norm of torch, or a submodule that has the name of one."""
    if value.kind is Kind.LAYER:
        return _is_norm_layer(value.layer) or _NORM_NAME.fullmatch(value.name) is not None
    return value.kind is Kind.OPERATION and value.name in _NORM_OPERATIONS


def _is_norm_layer(layer: Layer | None) -> bool:
    return layer is not None and layer.torch_name in NORMS
