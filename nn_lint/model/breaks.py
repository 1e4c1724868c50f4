"""Activations of trainable layers that are copied out of the graph and go on as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import CONVOLUTIONS, NORMS
from nn_lint.model.modes import calls_in_any_mode
from nn_lint.model.syntax import walk
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_COPIES = frozenset({"tensor", "from_numpy", "FloatTensor"})
_NUMBERS = frozenset({"item", "tolist"})
_GIVEN_UP = re.compile(r"target|teacher|ema\b|fixed|frozen|momentum|reference|old")
_WAYS = frozenset({"data", "item", "numpy", "tolist"})
_TRAINABLE = CONVOLUTIONS | NORMS | {"Linear", "LSTM", "GRU", "RNN", "Bilinear", "Sequential"}
_SMOOTH = frozenset(
    (
        "relu gelu silu tanh sigmoid softmax log_softmax leaky_relu elu mean sum exp log sqrt pow abs clamp view "
        "reshape flatten squeeze unsqueeze transpose permute contiguous float cpu to dropout normalize norm "
        "detach numpy max_pool2d avg_pool2d softplus"
    ).split()
)
"""Functions through which gradients flow, and the steps on the way to numpy."""
_FREEZING = re.compile(r"requires_grad|no_grad|inference_mode|freez|frozen|\.eval\(\)|teacher|target|straight.?through")


@dataclass(frozen=True, slots=True)
class GraphBreak:
    """A copy that goes on: its node, how it is made, and the submodule whose output it is."""

    node: cst.CSTNode
    way: str
    layer: str


def graph_breaks(cls: ModuleClass) -> Iterator[GraphBreak]:
    """The copies in forward of what a layer of torch made, where the copy reaches what is returned."""
    method, flow = cls.method("forward"), cls.flow
    if method is None or flow is None or _FREEZING.search("".join(method.decorators)):
        return
    silent = _silent_nodes(method)
    reached = {item for _, result in flow.returned for item in result.ancestors()}
    frozen = bool(re.search(r"requires_grad|freez|frozen|\.eval\(\)|teacher", cls.text))
    seen: set[cst.CSTNode] = set()
    for value in flow.values:
        node = value.node
        if node is None or node in seen or value not in reached or not _is_copy(value) or frozen or node in silent:
            continue
        layer = _layer_before(value.operands[0]) if value.operands else None
        if layer is None or not cls.syntax.holds(node) or _has_other_ways(layer, value, reached):
            continue
        if _GIVEN_UP.search(layer.name) or (value.name in _NUMBERS and not _goes_on(value, reached)):
            continue
        seen.add(node)
        name = value.name if isinstance(node, cst.Attribute) else f"{value.name}()"
        yield GraphBreak(node, f".{name}" if value.name in _WAYS else f"torch.{name}", layer.name)


def _is_copy(value: Value) -> bool:
    if isinstance(value.node, cst.Attribute):
        return value.kind is Kind.ITEM and value.name == "data"
    if not isinstance(value.node, cst.Call) or value.kind is not Kind.OPERATION:
        return False
    if value.name in _COPIES:
        return isinstance(value.node.func, cst.Attribute) and isinstance(value.node.func.value, cst.Name)
    return value.name in ("item", "tolist")


def _layer_before(value: Value) -> Value | None:
    """The layer whose output a value is, by functions through which gradients would flow."""
    while value.kind in (Kind.OPERATION, Kind.ADD) and isinstance(value.node, cst.Call) and value.name in _SMOOTH:
        operands = value.dependent_operands
        if len(operands) != 1:
            return None
        value = operands[0]
    is_trainable = value.kind is Kind.LAYER and value.layer is not None and value.layer.torch_name in _TRAINABLE
    return value if is_trainable and value.depends else None


def _goes_on(copy: Value, reached: set[Value]) -> bool:
    """Whether anything computes with a copy: numbers that are returned as they are cannot be meant for training."""
    return any(copy in item.operands and item.kind not in (Kind.COLLECTION, Kind.CHOICE) for item in reached)


def _has_other_ways(layer: Value, copy: Value, reached: set[Value]) -> bool:
    """Whether a layer's output reaches the result by a way that does not lead through the copy."""
    before = set(copy.ancestors())
    on_the_way = {item for item in before if layer in set(item.ancestors())}
    return any(
        operand in on_the_way and operand is not copy and item not in on_the_way
        for item in reached
        for operand in item.operands
    )


def _silent_nodes(method: Method) -> frozenset[cst.CSTNode]:
    """What stands below `with torch.no_grad()`, or runs in one mode alone."""
    in_any_mode = set(calls_in_any_mode(method))
    return frozenset(node for node in walk(method.node.body, cst.Call) if node not in in_any_mode) | frozenset(
        inner
        for node in walk(method.node.body, cst.With)
        if isinstance(node, cst.With) and any("grad" in method.syntax.text(item.item) for item in node.items)
        for inner in walk(node)
    )
