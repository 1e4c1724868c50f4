"""Activations of trainable layers, and parameters, that are copied out of the graph and go on as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import CONVOLUTIONS, NORMS
from nn_lint.model.modes import calls_in_any_mode
from nn_lint.model.syntax import dotted, walk
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_COPIES = frozenset({"tensor", "Tensor", "from_numpy", "FloatTensor"})
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
_TAKEN_OUT = _SMOOTH | _NUMBERS
_FUNCTIONS_OF_WEIGHTS = frozenset("linear matmul mm bmm addmm einsum conv1d conv2d conv3d mul add".split())
_SETTING_UP = re.compile(r"__init__$|_?reset|_?init|extra_repr$|__repr__$")
_OWN_GRADIENT = re.compile(r"autograd|backward\s*\(|\.grad\b")
_FROZEN = re.compile(r"requires_grad(?!\s*=\s*True)|freez|frozen|\.eval\(\)|teacher")
_FREEZING = re.compile(r"requires_grad|no_grad|inference_mode|freez|frozen|\.eval\(\)|teacher|target|straight.?through")


@dataclass(frozen=True, slots=True)
class GraphBreak:
    """A copy that goes on: its node, how it is made, and the submodule whose output it is, or the parameter itself."""

    node: cst.CSTNode
    way: str
    layer: str
    is_parameter: bool = False


def graph_breaks(cls: ModuleClass) -> Iterator[GraphBreak]:
    """The copies in forward of a parameter or of what a layer of torch made, that reach what is returned."""
    method, flow = cls.method("forward"), cls.flow
    if method is None or flow is None or _FREEZING.search("".join(method.decorators)):
        return
    silent = _silent_nodes(method)
    reached = {item for _, result in flow.returned for item in result.ancestors()}
    frozen = _FROZEN.search(cls.text) is not None
    if not frozen:
        yield from _of_parameters(cls, method, reached, silent)
    seen: set[cst.CSTNode] = set()
    for value in flow.values:
        node = value.node
        if node is None or node in seen or value not in reached or not _is_copy(value) or frozen or node in silent:
            continue
        layer = _layer_before(cls, value)
        if layer is None or not cls.syntax.holds(node) or _has_other_ways(layer, value, reached):
            continue
        if _GIVEN_UP.search(layer.name) or (value.name in _NUMBERS and not _goes_on(value, reached)):
            continue
        seen.add(node)
        yield GraphBreak(node, _way(value.name, node), layer.name)


def _way(name: str, node: cst.CSTNode) -> str:
    written = name if isinstance(node, cst.Attribute) else f"{name}()"
    return f".{written}" if name in _WAYS else f"torch.{written}"


def _of_parameters(
    cls: ModuleClass, method: Method, reached: set[Value], silent: frozenset[cst.CSTNode]
) -> Iterator[GraphBreak]:
    """Parameters whose one use in the class is a copy that goes into the result: they never train."""
    if "training" in method.syntax.text(method.node):
        return
    for value in reached:
        node = value.node
        name, way = _copied_parameter(value, method.receiver)
        if node is None or name is None or node in silent or not cls.syntax.holds(node):
            continue
        if _is_computed_with(value, reached) and _is_trained_only_by(cls, method, name):
            yield GraphBreak(node, _way(way, node), name, is_parameter=True)


def _copied_parameter(value: Value, receiver: str) -> tuple[str | None, str]:
    """`w` of `self.w.data`, of `self.w.item()` and of `torch.tensor(self.w)`, and the way it is copied."""
    node = value.node
    if isinstance(node, cst.Call) and value.name in _COPIES:
        source = value.operands[0].name if value.operands and value.operands[0].kind is Kind.CONSTANT else ""
        return _attribute_of(source, receiver), value.name
    named = node.func if isinstance(node, cst.Call) else node
    source, _, way = (isinstance(named, cst.Attribute) and dotted(named) or "").rpartition(".")
    is_way = way == ("item" if isinstance(node, cst.Call) else "data")
    return (_attribute_of(source, receiver) if is_way else None), way


def _attribute_of(written: str, receiver: str) -> str | None:
    """`w` for `self.w`."""
    owner, _, name = written.rpartition(".")
    return name if owner == receiver else None


def _is_computed_with(copy: Value, reached: set[Value]) -> bool:
    """Whether a copy is a side of a sum or product, or is handed to a function of weights."""
    if copy.name in _COPIES:
        return True
    users = (item for item in reached if copy in item.operands)
    return any(item.kind in _ARITHMETIC or item.name in _FUNCTIONS_OF_WEIGHTS for item in users)


_ARITHMETIC = frozenset({Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY})


def _is_trained_only_by(cls: ModuleClass, forward: Method, name: str) -> bool:
    """Whether an attribute is a trainable parameter of which the file makes no other use."""
    layer = cls.layers.only(name)
    is_plain = layer is not None and layer.torch_name == "Parameter" and len(layer.call.args) == 1
    if not is_plain or name not in cls.layers.own:
        return False
    word = re.compile(rf"\b{name}\b")
    uses = [method for method in cls.methods if word.search(method.syntax.text(method.node))]
    if any(method is not forward and not _SETTING_UP.match(method.name) for method in uses):
        return False
    is_once = len(word.findall(forward.syntax.text(forward.node))) == 1
    return is_once and len(re.findall(rf"\.{name}\b", cls.definition.file.text.content)) == len(
        re.findall(rf"\.{name}\b", cls.text)
    )


def _is_copy(value: Value) -> bool:
    if isinstance(value.node, cst.Attribute):
        return value.kind is Kind.ITEM and value.name == "data"
    if not isinstance(value.node, cst.Call) or value.kind is not Kind.OPERATION:
        return False
    if value.name in _COPIES:
        return isinstance(value.node.func, cst.Attribute) and isinstance(value.node.func.value, cst.Name)
    return value.name in ("item", "tolist")


def _layer_before(cls: ModuleClass, copy: Value) -> Value | None:
    """The layer whose output is copied, by functions through which gradients would flow.

    Numbers that are made a tensor with `requires_grad=True` were meant to train: those of a loss count as well.
    """
    is_rebuilt = _asks_for_gradient(copy.node)
    if is_rebuilt and _OWN_GRADIENT.search(cls.text) is not None:
        return None
    steps = _TAKEN_OUT if is_rebuilt else _SMOOTH
    value = copy.operands[0] if copy.operands else copy
    while value.kind in (Kind.OPERATION, Kind.ADD) and isinstance(value.node, cst.Call) and value.name in steps:
        operands = value.dependent_operands
        if len(operands) != 1:
            return None
        value = operands[0]
    name = (value.layer.torch_name if value.layer is not None else None) or ""
    is_trainable = name in _TRAINABLE or (is_rebuilt and name.endswith("Loss"))
    return value if value.kind is Kind.LAYER and is_trainable and value.depends else None


def _asks_for_gradient(node: cst.CSTNode | None) -> bool:
    """`requires_grad=True`."""
    arguments = node.args if isinstance(node, cst.Call) else ()
    found = (item.value for item in arguments if item.keyword is not None and item.keyword.value == "requires_grad")
    return any(isinstance(item, cst.Name) and item.value == "True" for item in found)


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
