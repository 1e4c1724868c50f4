"""Chains of layers, in a Sequential or in forward, and the numbers of features that pass from one to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
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
_CHANNELS, _LAST = "channels", "features"


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
    """What passes on: the layer that determines it, its expression, and the dimension that it stands in."""

    giver: Layer
    number: cst.BaseExpression
    unit: str
    is_pooled: bool = False


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
    return re.search(rf"\.{attribute}(?:\.(?:{growing})|\[[^\]\n]*\]\s*=(?!=))", cls.text) is not None


def _of_value(
    cls: ModuleClass, value: Value, known: dict[Value, _Features | None], found: dict[cst.CSTNode, Mismatch]
) -> _Features | None:
    before = known.get(value.operands[0]) if value.operands else None
    if value.kind is Kind.LAYER:
        is_own = value.layer is not None and value.layer in cls.layers.own.get(value.layer.attribute, ())
        is_own = is_own and value.layer is not None and not _is_changed(cls, value.layer.attribute)
        return _pass_through(cls, value.layer, before, found) if is_own and value.layer is not None else None
    if value.kind is not Kind.OPERATION or not isinstance(value.node, cst.Call) or before is None:
        return None
    if value.name in _KEPT_FUNCTIONS:
        return before
    if value.name in _POOL_FUNCTIONS:
        return before if before.unit == _CHANNELS else None
    is_rows = value.name == "flatten" and [cls.syntax.text(item.value) for item in value.node.args][-1:] == ["1"]
    return _Features(before.giver, before.number, _LAST) if is_rows and before.is_pooled else None


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
    if one is not None and other is not None and differ_always(one, other):
        texts = cls.syntax.text(before.number), cls.syntax.text(taken)
        found.setdefault(layer.call, Mismatch(before.giver, layer, *texts, before.unit))
