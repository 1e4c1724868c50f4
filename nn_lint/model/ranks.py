"""How many dimensions a value of `forward` has, where that is certain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import libcst as cst

from nn_lint.model.call_ranks import rank_of_einsum, rank_of_flatten, rank_of_reduction, rank_of_sizes
from nn_lint.model.expressions import Flow
from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, PASSIVE, Layer
from nn_lint.model.method import Method
from nn_lint.model.syntax import dotted
from nn_lint.model.values import Kind, Value

Ranks = Mapping[Value, int]
"""The ranks that `forward` itself tells, by unpacking a shape."""

_FIXED = {"BatchNorm2d": 4, "BatchNorm3d": 5}
_POOLS = frozenset(
    f"{name}{rank}d" for name in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool") for rank in (1, 2, 3)
)
_KEPT = ACTIVATIONS | PASSIVE | CONVOLUTIONS | _POOLS | {"Linear", "LayerNorm", "GroupNorm", "Softmax", "LogSoftmax"}
_KEPT_OPERATIONS = frozenset(
    (
        "relu relu_ gelu silu tanh sigmoid dropout leaky_relu elu contiguous clone float half to type_as detach exp "
        "log transpose swapaxes permute masked_fill masked_fill_ softmax log_softmax normalize layer_norm clamp"
    ).split()
)
_REDUCED = frozenset({"mean", "sum", "amax", "amin", "logsumexp"})


def told_ranks(flow: Flow, forward: Method) -> Ranks:
    """What `b, c, h, w = x.shape` tells of `x`, where every run comes to it."""
    told: dict[Value, int] = {}
    for statement in forward.statements:
        if isinstance(statement, cst.Return):
            break
        if not isinstance(statement, cst.Assign) or not isinstance(statement.targets[0].target, cst.Tuple):
            continue
        elements = statement.targets[0].target.elements
        value = _of_shape(flow, statement.value)
        if value is not None and not any(isinstance(item, cst.StarredElement) for item in elements):
            told[value] = len(elements)
    return told


def _of_shape(flow: Flow, node: cst.BaseExpression) -> Value | None:
    """The value of `x` in `x.shape` and `x.size()`."""
    if isinstance(node, cst.Call) and not node.args and isinstance(node.func, cst.Attribute):
        return flow.made.get(node.func.value) if node.func.attr.value == "size" else None
    is_shape = isinstance(node, cst.Attribute) and node.attr.value == "shape"
    return flow.made.get(node.value) if isinstance(node, cst.Attribute) and is_shape else None


def rank(value: Value, told: Ranks) -> int | None:
    """The number of dimensions, `None` where it depends on the caller."""
    if value in told:
        return told[value]
    if value.kind is Kind.LAYER:
        return _after(value.layer, _of_first(value, told))
    if value.kind is Kind.CHOICE:
        return _common(rank(item, told) for item in value.operands)
    if isinstance(value.node, cst.BinaryOperation):
        return _of_arithmetic(value.node, value, told)
    if value.kind is Kind.ITEM and isinstance(value.node, cst.Subscript):
        return _of_item(value.node, _of_first(value, told))
    return _of_call(value.node, value, told) if isinstance(value.node, cst.Call) else None


def _of_first(value: Value, told: Ranks) -> int | None:
    operands = value.dependent_operands
    return rank(operands[0], told) if operands and operands[0] is value.operands[0] else None


def _common(ranks: Iterable[int | None]) -> int | None:
    found = set(ranks)
    return found.pop() if len(found) == 1 else None


def _after(layer: Layer | None, given: int | None) -> int | None:
    """What a layer makes of a rank; convolutions and pools take inputs without a batch too, and keep theirs."""
    name = layer.torch_name if layer is not None else None
    if layer is None or name is None:
        return None
    if name == "Sequential" and layer.children:
        for child in layer.children:
            given = _after(child, given)
        return given
    if name == "Flatten":
        return None if layer.call.args else 2
    if name == "Embedding":
        return None if given is None else given + 1
    return _FIXED.get(name, given if name in _KEPT else None)


def _of_arithmetic(node: cst.BinaryOperation, value: Value, told: Ranks) -> int | None:
    sides = [rank(item, told) for item in value.operands]
    numbers = [_is_number(item) for item in (node.left, node.right)]
    if len(sides) == 2 and any(numbers) and not isinstance(node.operator, cst.MatrixMultiply):
        return sides[0] if numbers[1] else sides[1]
    known = [item for item in sides if item is not None]
    least = 2 if isinstance(node.operator, cst.MatrixMultiply) else 0
    return max(known) if len(known) == 2 and min(known) >= least else None


def _is_number(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.BinaryOperation):
        return _is_number(node.left) or _is_number(node.right) and isinstance(node.operator, cst.Power)
    is_math = isinstance(node, cst.Call) and (dotted(node.func) or "").startswith("math.")
    return isinstance(node, (cst.Integer, cst.Float)) or is_math


def _of_item(node: cst.Subscript, given: int | None) -> int | None:
    """`x[:, 0]`: numbers take a dimension away."""
    if given is None:
        return None
    for item in node.slice:
        index = item.slice.value if isinstance(item.slice, cst.Index) else None
        number = index.expression if isinstance(index, cst.UnaryOperation) else index
        if index is None or isinstance(index, cst.Ellipsis):
            continue
        if not isinstance(number, cst.Integer):
            return None
        given -= 1
    return given


def _of_call(node: cst.Call, value: Value, told: Ranks) -> int | None:
    name, given = value.name, _of_first(value, told)
    if name in ("view", "reshape"):
        return rank_of_sizes(node)
    if name == "flatten":
        return rank_of_flatten(node)
    if name in ("bmm", "mm"):
        return 3 if name == "bmm" else 2
    if name == "matmul":
        known = [found for item in value.operands if (found := rank(item, told)) is not None]
        return max(known) if len(known) == 2 and min(known) > 1 else None
    if name == "einsum":
        return rank_of_einsum(node)
    if given is None:
        return None
    if name == "unsqueeze":
        return given + 1
    if name in _REDUCED:
        return rank_of_reduction(node, given)
    return given if name in _KEPT_OPERATIONS else None
