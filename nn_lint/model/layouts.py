"""Which of batch and sequence comes first, by what a class says of its inputs and does with its results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import ACTIVATIONS, PASSIVE, Layer
from nn_lint.model.syntax import dotted, walk
from nn_lint.model.torch_calls import given, has_stars
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
_LAYERS = _RECURRENT | {"MultiheadAttention", "TransformerEncoderLayer"}
_POSITION = {**dict.fromkeys(_RECURRENT, 4), "MultiheadAttention": 9, "TransformerEncoderLayer": 6}
_KEPT_LAYERS = ACTIVATIONS | PASSIVE | {"LayerNorm", "Linear", "Embedding"}
_KEPT = frozenset("relu gelu tanh sigmoid dropout float contiguous".split())
_BATCH = r"(?:batch(?:_?size)?|bsz?|B|N|n_batch|nbatch|batches)"
_STEPS = r"(?:seq\w*|T|L|S|time\w*|steps?|len\w*|tokens?|n_?steps|\w+_len(?:gth)?|frames?|seq[ _]len(?:gth)?)"
_FIRST = rf"[\(\[]\s*{_BATCH}\s*[,x×]\s*{_STEPS}\s*[,x×]\s*[\w.* ]+\s*[\)\]]"
_SECOND = re.compile(
    rf"\b{_STEPS}\s*[,x×]\s*{_BATCH}\s*[,x×]|seq\w*[- _]first|time[- _]major|batch_first|transpose|permute|swapaxes"
    r"|rearrange|\.t\(\)|\.T\b|movedim|swapdims|einops|pack_padded|PackedSequence|pad_sequence"
)
_UNPACKED = re.compile(rf"^(?:{_BATCH}|b|bs|batch\w*|bsz|nb)$"), re.compile(rf"^(?:{_STEPS}|t|l|s|n)$")


@dataclass(frozen=True, slots=True)
class Misread:
    """A layer that takes the batch for the sequence, and what tells that the batch comes first."""

    layer: Layer
    evidence: str


def misread_batches(cls: ModuleClass) -> Iterator[Misread]:
    """The layers without `batch_first` that forward hands its own parameter, where the batch is known to be first."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or _SECOND.search(cls.text):
        return
    seen: set[Layer] = set()
    for value in flow.values:
        layer = value.layer
        if value.kind is not Kind.LAYER or layer is None or layer in seen or layer.torch_name not in _LAYERS:
            continue
        origin = _input_behind(value.operands[0]) if value.operands else None
        if origin is None or not _is_sequence_first(layer) or not cls.syntax.holds(layer.call):
            continue
        evidence = _said(cls, forward, origin) or _done(value, flow.values)
        if evidence is not None:
            seen.add(layer)
            yield Misread(layer, evidence)


def _is_sequence_first(layer: Layer) -> bool:
    flag = given(layer.call, "batch_first", _POSITION[layer.torch_name or ""])
    return flag is None and not has_stars(layer.call)


def _input_behind(value: Value) -> Value | None:
    """The parameter of forward that a value is, through layers that keep its first two dimensions."""
    while value.kind is not Kind.INPUT:
        is_kept = value.kind is Kind.LAYER and value.layer is not None and value.layer.torch_name in _KEPT_LAYERS
        is_kept = is_kept or (value.kind is Kind.OPERATION and value.name in _KEPT)
        operands = value.dependent_operands
        if not is_kept or len(operands) != 1:
            return None
        value = operands[0]
    return value


def _said(cls: ModuleClass, forward: Method, origin: Value) -> str | None:
    """What a comment or docstring, or the unpacking of its shape, says of a parameter."""
    name = re.escape(origin.name)
    for text in (cls.docstring, cls.syntax.text(forward.node)):
        if re.search(rf"\b{name}\b['\"`]?\s*(?:[:=\-]|is|has|of|shape|\([^()]*\)\s*:)[^\n]{{0,40}}?{_FIRST}", text):
            return f"`{origin.name}` is documented as (batch, sequence, ...)"
    for node in forward.own_nodes:
        if isinstance(node, cst.Assign) and _shape_of(node.value) == origin.name:
            names = [item.value.value for item in _elements(node) if isinstance(item.value, cst.Name)]
            if len(names) == 3 and all(pattern.match(item) for pattern, item in zip(_UNPACKED, names)):
                return f"`{', '.join(names)} = {origin.name}.shape` says that the batch comes first"
    return None


def _shape_of(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.Call) and not node.args and isinstance(node.func, cst.Attribute):
        return dotted(node.func.value) if node.func.attr.value == "size" else None
    return dotted(node.value) if isinstance(node, cst.Attribute) and node.attr.value == "shape" else None


def _elements(node: cst.Assign) -> tuple[cst.BaseElement, ...]:
    target = node.targets[0].target
    return tuple(target.elements) if isinstance(target, (cst.Tuple, cst.List)) else ()


def _done(made: Value, values: list[Value]) -> str | None:
    """What forward does with the output that makes sense only if its second dimension is the sequence."""
    name = made.layer.torch_name if made.layer is not None else None
    outputs = {item for item in values if made in item.operands and item.kind is Kind.ITEM and item.index == 0}
    for value in values:
        if not value.operands or value.operands[0] not in (outputs or {made}):
            continue
        if name in _RECURRENT and isinstance(value.node, cst.Subscript) and _is_last_step(value.node):
            return "`[:, -1]` takes the last step along dimension 1 of its output"
        if value.name == "mean" and isinstance(value.node, cst.Call) and value.operands[0] in outputs:
            dim = given(value.node, "dim", 0)
            if dim is not None and isinstance(dim.value, cst.Integer) and dim.value.value == "1":
                return "the mean over dimension 1 of its output is meant to be over the sequence"
    return None


def _is_last_step(node: cst.Subscript) -> bool:
    """`out[:, -1]` and `out[:, -1, :]`."""
    if len(node.slice) not in (2, 3):
        return False
    first, second = node.slice[0].slice, node.slice[1].slice
    is_all = isinstance(first, cst.Slice) and first.lower is None and first.upper is None
    return is_all and isinstance(second, cst.Index) and _is_minus_one(second.value)


def _is_minus_one(node: cst.BaseExpression) -> bool:
    found = [item for item in walk(node, cst.Integer) if isinstance(item, cst.Integer)]
    is_negative = isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus)
    return is_negative and [item.value for item in found] == ["1"]
