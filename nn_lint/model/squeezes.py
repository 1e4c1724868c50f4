"""Calls of `squeeze` without a dimension on values whose first dimension is the batch and whose last have size 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.layers import ACTIVATIONS, PASSIVE
from nn_lint.model.samples import loses_batch, takes_one_sample
from nn_lint.model.syntax import dotted, walk
from nn_lint.model.torch_calls import given
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_POOLS = frozenset(f"Adaptive{kind}Pool{rank}d" for kind in ("Avg", "Max") for rank in (1, 2, 3))
_POOL_FUNCTIONS = frozenset(f"adaptive_{kind}_pool{rank}d" for kind in ("avg", "max") for rank in (1, 2, 3))
_KEPT_LAYERS = ACTIVATIONS | PASSIVE
_KEPT = frozenset({"relu", "sigmoid", "tanh", "dropout", "contiguous", "float", "exp", "softplus", "gelu"})
_RESTORING = frozenset(
    "view reshape unsqueeze expand view_as expand_as reshape_as unflatten atleast_1d atleast_2d size".split()
)
_LOOKING = frozenset({"dim", "shape", "ndim", "ndimension", "size"})
_REDUCING = frozenset("chunk split unbind mean sum max min item tolist numpy norm cpu".split())
_ROWS = "`squeeze(-1)`, which names the dimension"
_POOLED = "`flatten(1)`, which keeps the batch"


@dataclass(frozen=True, slots=True)
class Squeeze:
    """One squeeze that may take the batch: the shape that is left of a batch of one, and what to write instead."""

    call: cst.Call
    shape: str
    remedy: str


def squeezes_of_batch(cls: ModuleClass) -> Iterator[Squeeze]:
    """The squeezes without a dimension in forward that see a global pooling or a head of width 1."""
    method, flow = cls.method("forward"), cls.flow
    if method is None or flow is None or takes_one_sample(cls):
        return
    seen: set[cst.CSTNode] = set()
    for value in flow.values:
        node = value.node
        if value.name != "squeeze" or not isinstance(node, cst.Call) or node in seen or not _is_bare(node):
            continue
        seen.add(node)
        source = _source(cls, value.operands[0]) if value.operands else None
        users = [item for item in flow.values if value in item.operands]
        if (
            source is None
            or _has_other_rows(value)
            or any(loses_batch(item) and not isinstance(item.node, cst.Subscript) for item in value.ancestors())
            or not cls.syntax.holds(node)
            or any(_settles(item) or _is_loss_of_rows(cls, item) for item in users)
            or _is_looked_at(method, node)
        ):
            continue
        yield Squeeze(node, *source)


def _is_bare(call: cst.Call) -> bool:
    """`x.squeeze()` and `torch.squeeze(x)`."""
    is_function = isinstance(call.func, cst.Attribute) and dotted(call.func.value) == "torch"
    return len(call.args) == int(is_function) and not any(item.star or item.keyword for item in call.args)


def _source(cls: ModuleClass, value: Value) -> tuple[str, str] | None:
    """What is left of a batch of one, and the remedy; `None` where the dimensions are not known."""
    if value.kind is Kind.LAYER:
        return _of_layer(cls, value)
    if value.kind is not Kind.OPERATION or not isinstance(value.node, cst.Call) or not value.operands:
        return None
    if value.name in _POOL_FUNCTIONS:
        size = given(value.node, "output_size", 1)
        return ("`(channels,)`", _POOLED) if size is not None and _is_one(size.value) else None
    return _source(cls, value.operands[0]) if value.name in _KEPT else None


def _of_layer(cls: ModuleClass, value: Value) -> tuple[str, str] | None:
    if value.layer is None:
        return None
    for part in reversed(tuple(parts(cls, value.layer))):
        name = part.torch_name if part is not None else None
        if part is None or name is None:
            return None
        if name in _POOLS:
            size = given(part.call, "output_size", 0)
            return ("`(channels,)`", _POOLED) if size is not None and _is_one(size.value) else None
        if name == "Linear":
            width = part.argument("out_features")
            return ("`()`", _ROWS) if width is not None and _is_one(width) else None
        if name not in _KEPT_LAYERS:
            return None
    return _source(cls, value.operands[0]) if value.operands else None


def _is_one(node: cst.BaseExpression) -> bool:
    if isinstance(node, (cst.Tuple, cst.List)):
        return bool(node.elements) and all(_is_one(item.value) for item in node.elements)
    return isinstance(node, cst.Integer) and node.value == "1"


def _settles(user: Value) -> bool:
    """Whether a value that takes the squeezed one gives it its dimensions back, or is right without them."""
    is_widened = isinstance(user.node, cst.Subscript) and any(True for _ in walk(user.node, cst.Ellipsis))
    return is_widened or user.name in _RESTORING or user.name in _REDUCING or user.kind in _COMBINED


def _is_loss_of_rows(cls: ModuleClass, user: Value) -> bool:
    """Whether a value is a loss whose target is squeezed as well: both are without the dimension then."""
    name = (user.layer.torch_name if user.layer is not None else user.name) or ""
    is_loss = name.lower().endswith(("loss", "entropy", "logits"))
    return is_loss and user.node is not None and "squeeze" in cls.syntax.text(user.node)


_COMBINED = frozenset({Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.UNKNOWN, Kind.CONCATENATE})


def _has_other_rows(value: Value) -> bool:
    """Whether the rows are those of several tensors that were joined, so that there is never one alone."""
    for item in value.ancestors():
        if item.kind is Kind.CONCATENATE and isinstance(item.node, cst.Call):
            dim = given(item.node, "dim", 1)
            if dim is None or (isinstance(dim.value, cst.Integer) and dim.value.value == "0"):
                return True
    return False


def _is_looked_at(method: Method, call: cst.Call) -> bool:
    """Whether forward asks for the dimensions of the name that the result is bound to, or of the result itself."""
    names = {
        target.target.value
        for node in method.own_nodes
        if isinstance(node, cst.Assign) and any(inner is call for inner in walk(node.value, cst.Call))
        for target in node.targets
        if isinstance(target.target, cst.Name)
    }
    for node in walk(method.node.body, cst.Attribute, cst.Call):
        is_asked = isinstance(node, cst.Attribute) and node.attr.value in _LOOKING | _RESTORING
        if isinstance(node, cst.Attribute) and is_asked and dotted(node.value) in names:
            return True
        is_length = isinstance(node, cst.Call) and dotted(node.func) == "len"
        if isinstance(node, cst.Call) and is_length and any(dotted(item.value) in names for item in node.args):
            return True
    return False
