"""Chains of layers, in a Sequential or in forward, and the numbers of features that pass from one to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.layers import ACTIVATIONS, NORMS, Layer
from nn_lint.model.method import bound_names
from nn_lint.model.polynomials import differ_always, polynomial
from nn_lint.model.syntax import walk
from nn_lint.model.torch_calls import given, has_stars
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_CONVOLUTIONS = frozenset(f"{kind}{rank}d" for kind in ("Conv", "ConvTranspose") for rank in (1, 2, 3))
_BATCH_NORMS = frozenset(f"BatchNorm{rank}d" for rank in (1, 2, 3))
_POOLS = frozenset(
    f"{kind}{rank}d" for kind in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool") for rank in (1, 2, 3)
) | {f"Dropout{rank}d" for rank in (1, 2, 3)}
_KEPT = (ACTIVATIONS - {"PReLU"}) | {"Dropout", "Identity", "AlphaDropout"}
_KEPT_FUNCTIONS = frozenset("relu relu_ relu6 gelu silu tanh sigmoid elu leaky_relu dropout contiguous mish".split())
_POOL_FUNCTIONS = frozenset(f"{kind}_pool{rank}d" for kind in ("max", "avg") for rank in (1, 2, 3))
_HOOKS = re.compile(r"register_forward_(?:pre_)?hook")
_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
_SEQUENCES = _RECURRENT | {"Embedding"}
"""Layers whose output has the features behind the batch and the steps."""
_CHANNELS, _LAST, _PAIR, _STATES = "channels", "features", "output and state", "two states"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A layer that takes another number of features than the one before it gives, both as they are written."""

    giver: Layer
    taker: Layer
    given: str
    taken: str
    unit: str


@dataclass(frozen=True, slots=True)
class _Features:
    """What passes on: the layer that determines it, its expression, and the dimension that it stands in.

    The features are `factor` times the number: both directions of a recurrent layer stand side by side.
    """

    giver: Layer
    number: cst.BaseExpression
    unit: str
    is_pooled: bool = False
    factor: int = 1


def mismatches(cls: ModuleClass) -> Iterator[Mismatch]:
    """Every pair of layers of the class itself whose numbers differ whatever the constructor is given."""
    found: dict[cst.CSTNode, Mismatch] = {}
    if _HOOKS.search(cls.text):
        return
    for name, layers in cls.layers.own.items():
        is_called = next(cls.calls_on_self(name), None) is not None
        for layer in layers if is_called and not _is_changed(cls, name) else ():
            if layer.torch_name == "Sequential":
                _pass_through(cls, layer, None, found)
    flow = cls.flow
    if flow is not None:
        known: dict[Value, _Features | None] = {}
        for value in flow.values:
            known[value] = _of_value(cls, value, known, found)
    yield from (item for node, item in found.items() if cls.syntax.holds(node))


def _is_changed(cls: ModuleClass, attribute: str) -> bool:
    """Whether code puts other layers into a submodule than it was built with."""
    growing = r"insert|append|extend|add_module|pop|forward\s*="
    set_anew = r"\[[^\]\n]*\]\s*=(?!=)|\.weight(?:\.data)?\s*=(?!=)"
    return re.search(rf"\.{attribute}(?:\.(?:{growing})|{set_anew})", cls.text) is not None


def _of_value(
    cls: ModuleClass, value: Value, known: dict[Value, _Features | None], found: dict[cst.CSTNode, Mismatch]
) -> _Features | None:
    before = known.get(value.operands[0]) if value.operands else None
    if value.kind is Kind.LAYER:
        is_own = value.layer is not None and value.layer in cls.layers.own.get(value.layer.attribute, ())
        is_own = is_own and value.layer is not None and not _is_changed(cls, value.layer.attribute)
        return _pass_through(cls, value.layer, before, found) if is_own and value.layer is not None else None
    if value.kind is Kind.ITEM and before is not None:
        return _of_item(value, before)
    if value.kind is not Kind.OPERATION or not isinstance(value.node, cst.Call) or before is None:
        return None
    if value.name in ("mean", "sum") and before.unit == _LAST and before.giver.torch_name in _SEQUENCES:
        written = [cls.syntax.text(item).replace(" ", "") for item in value.node.args]
        return before if written in (["1"], ["dim=1"]) else None
    if value.name in _KEPT_FUNCTIONS:
        return before
    if value.name in _POOL_FUNCTIONS:
        return before if before.unit == _CHANNELS else None
    is_rows = value.name == "flatten" and [cls.syntax.text(item.value) for item in value.node.args][-1:] == ["1"]
    return _Features(before.giver, before.number, _LAST) if is_rows and before.is_pooled else None


def _of_item(value: Value, before: _Features) -> _Features | None:
    """What one part of a recurrent layer's result has: the output, a state, or a step of either."""
    name = before.giver.torch_name
    if before.unit == _PAIR and value.index == 0:
        return replace(before, unit=_LAST)
    if before.unit == _PAIR and value.index == 1:
        return replace(before, unit=_STATES if name == "LSTM" else _LAST, factor=1)
    if before.unit == _STATES and value.index in (0, 1):
        return replace(before, unit=_LAST)
    is_step = isinstance(value.node, cst.Subscript) and before.unit == _LAST and name in _RECURRENT
    return before if is_step and isinstance(value.node, cst.Subscript) and _takes_step(value.node) else None


def _takes_step(node: cst.Subscript) -> bool:
    """`h[-1]`, `out[:, -1]` and `out[:, -1, :]`."""
    indices = [item.slice for item in node.slice]
    if len(indices) == 1:
        return isinstance(indices[0], cst.Index) and _is_number(indices[0].value)
    step, others = indices[1], (indices[0], *indices[2:])
    is_one = isinstance(step, cst.Index) and _is_number(step.value)
    return is_one and len(indices) < 4 and all(isinstance(item, cst.Slice) and _is_whole(item) for item in others)


def _is_number(node: cst.BaseExpression) -> bool:
    return isinstance(node.expression if isinstance(node, cst.UnaryOperation) else node, cst.Integer)


def _is_whole(node: cst.Slice) -> bool:
    return node.lower is None and node.upper is None and node.step is None


def _pass_through(
    cls: ModuleClass, layer: Layer, before: _Features | None, found: dict[cst.CSTNode, Mismatch]
) -> _Features | None:
    """Go through a layer, or the children of a Sequential; what it takes is held against what comes in."""
    current = before
    for part in parts(cls, layer):
        if part is None:
            current = None
            continue
        taken = _taken(part)
        if current is not None and taken is not None and current.unit == taken[1]:
            _compare(cls, current, part, taken[0], found)
        current = _given(part, current)
    return current


def _taken(layer: Layer) -> tuple[cst.BaseExpression, str] | None:
    """How many features a layer takes, and in which dimension."""
    name = layer.torch_name
    if name is None or has_stars(layer.call):
        return None
    parameter, unit = {
        "Linear": ("in_features", _LAST),
        "LayerNorm": ("normalized_shape", _LAST),
        **dict.fromkeys(_RECURRENT, ("input_size", _LAST)),
        **dict.fromkeys(_CONVOLUTIONS, ("in_channels", _CHANNELS)),
        **dict.fromkeys(_BATCH_NORMS - {"BatchNorm1d"}, ("num_features", _CHANNELS)),
    }.get(name, ("", ""))
    found = given(layer.call, parameter, 0) if parameter else None
    return None if found is None or isinstance(found.value, (cst.Tuple, cst.List)) else (found.value, unit)


def _given(layer: Layer, before: _Features | None) -> _Features | None:
    name = layer.torch_name
    if name in _CONVOLUTIONS or name == "Linear":
        width = given(layer.call, "out_features" if name == "Linear" else "out_channels", 1)
        if width is None or has_stars(layer.call):
            return None
        return _Features(layer, width.value, _LAST if name == "Linear" else _CHANNELS)
    if name == "Embedding":
        width = given(layer.call, "embedding_dim", 1)
        return None if width is None or has_stars(layer.call) else _Features(layer, width.value, _LAST)
    if name in _RECURRENT:
        return _of_recurrent(layer)
    if before is None:
        return None
    if name in _KEPT or name in NORMS:
        own = _taken(layer)
        return before if own is None or own[1] != before.unit else _Features(layer, own[0], own[1], before.is_pooled)
    if name in _POOLS and before.unit == _CHANNELS:
        size = given(layer.call, "output_size", 0) if name.startswith("Adaptive") else None
        is_pooled = size is not None and isinstance(size.value, cst.Integer) and size.value.value == "1"
        return _Features(before.giver, before.number, _CHANNELS, is_pooled)
    is_rows = name == "Flatten" and not layer.call.args and before.is_pooled
    return _Features(before.giver, before.number, _LAST) if is_rows else None


def _of_recurrent(layer: Layer) -> _Features | None:
    """The width of a recurrent layer, twice that in its output where it goes both ways."""
    call = layer.call
    keywords = {item.keyword.value: item.value for item in call.args if item.keyword is not None}
    is_plain = sum(item.keyword is None for item in call.args) < 4 and "proj_size" not in keywords
    width = given(call, "hidden_size", 1)
    both = keywords.get("bidirectional")
    is_said = both is None or (isinstance(both, cst.Name) and both.value in ("True", "False"))
    if width is None or has_stars(call) or not is_plain or not is_said:
        return None
    is_double = isinstance(both, cst.Name) and both.value == "True"
    return _Features(layer, width.value, _PAIR, factor=2 if is_double else 1)


def _compare(
    cls: ModuleClass,
    before: _Features,
    layer: Layer,
    taken: cst.BaseExpression,
    found: dict[cst.CSTNode, Mismatch],
) -> None:
    """Keep a pair whose numbers are known, and differ whatever the constructor is given."""
    init = next((item for item in cls.methods if any(node is taken for node in walk(item.node.body))), None)
    if init is None or not any(node is before.number for node in walk(init.node.body)):
        return
    names = frozenset(item.name for item in init.parameters[1:]) - set(bound_names(init.node.body))
    one, other = polynomial(before.number, names), polynomial(taken, names)
    if one is None or other is None:
        return
    if differ_always({product: number * before.factor for product, number in one.items()}, other):
        times = f"{before.factor} * " if before.factor > 1 else ""
        texts = f"{times}{cls.syntax.text(before.number)}", cls.syntax.text(taken)
        found.setdefault(layer.call, Mismatch(before.giver, layer, *texts, before.unit))
