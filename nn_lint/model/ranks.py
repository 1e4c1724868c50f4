"""How many dimensions a value of `forward` has, where that is certain."""

from __future__ import annotations

import libcst as cst

from nn_lint.model.layers import ACTIVATIONS, PASSIVE
from nn_lint.model.values import Kind, Value

_FIXED = {"BatchNorm2d": 4, "BatchNorm3d": 5}
_KEPT = ACTIVATIONS | PASSIVE | {"Linear", "LayerNorm", "Softmax", "LogSoftmax"}
_KEPT_OPERATIONS = frozenset(
    {"relu", "relu_", "gelu", "silu", "tanh", "sigmoid", "dropout", "leaky_relu", "contiguous", "clone", "float"}
)


def rank(value: Value) -> int | None:
    """The number of dimensions, `None` where it depends on the caller.

    Convolutions say nothing, since they take inputs without a batch dimension too; batch norms do.
    """
    layer = value.layer
    if value.kind is Kind.LAYER:
        name = layer.torch_name if layer is not None else None
        if name in _FIXED:
            return _FIXED[name]
        if name == "Flatten" and layer is not None and not layer.call.args:
            return 2
        return _of_only_operand(value) if name in _KEPT else None
    if value.kind is not Kind.OPERATION or not isinstance(value.node, cst.Call):
        return None
    if value.name in ("view", "reshape"):
        return _of_sizes(value.node)
    if value.name == "flatten":
        return _of_flatten(value.node)
    return _of_only_operand(value) if value.name in _KEPT_OPERATIONS else None


def _of_only_operand(value: Value) -> int | None:
    operands = value.dependent_operands
    return rank(operands[0]) if len(operands) == 1 else None


def _of_sizes(call: cst.Call) -> int | None:
    """`x.view(n, -1)`, `x.reshape((n, -1))` and `torch.reshape(x, (n, -1))`."""
    arguments = call.args
    last = arguments[-1].value if arguments else None
    if isinstance(last, (cst.Tuple, cst.List)):
        starred = any(isinstance(item, cst.StarredElement) for item in last.elements)
        return None if starred else len(last.elements)
    if any(item.star or item.keyword for item in arguments) or len(arguments) < 2:
        return None
    return len(arguments)


def _of_flatten(call: cst.Call) -> int | None:
    """`x.flatten(1)`, `torch.flatten(x, 1)`, `torch.flatten(x, start_dim=1)`: what is left is a batch of rows."""
    numbers = [item.value.value for item in call.args if isinstance(item.value, cst.Integer)]
    return 2 if numbers == ["1"] else None
