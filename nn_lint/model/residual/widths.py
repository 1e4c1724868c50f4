"""Whose widths a projection has by its construction: those of the block's input, or those of the branch's result."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.layers import CONVOLUTIONS, Layer
from nn_lint.model.values import Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_PROJECTING = CONVOLUTIONS | {"Linear"}


class Fit(Enum):
    """What a projection was built for."""

    INPUT = "the input of the block"
    RESULT = "what the branch has made of it"
    EITHER = "both have the same width"
    UNKNOWN = "the widths of the branch cannot be read"


def projection_of(cls: ModuleClass, attribute: str) -> tuple[Layer, ...]:
    """The layers with weights of a shortcut, by its one construction that has any; empty where that cannot be read."""
    found = [tuple(parts(cls, layer)) for layer in cls.layers.by_attribute.get(attribute, ())]
    known = [tuple(part for part in item if part is not None) for item in found if None not in item]
    weighted = [tuple(part for part in item if part.torch_name in _PROJECTING) for item in known]
    holding = [item for item in weighted if item]
    return holding[0] if len(holding) == 1 and len(known) == len(found) else ()


def fit_of(cls: ModuleClass, projection: tuple[Layer, ...], path: Iterable[Value]) -> Fit:
    """Whose widths and stride a projection repeats, where the two ends of the path differ in them."""
    layers = [part for value in path if value.layer is not None for part in parts(cls, value.layer) if part is not None]
    weighted = [layer for layer in layers if layer.torch_name in _PROJECTING]
    if not projection or not weighted:
        return Fit.UNKNOWN
    stride = _stride(cls, projection[0])
    if stride is not None and stride in [_stride(cls, layer) for layer in weighted]:
        return Fit.INPUT
    own, first, last = _width_in(projection[0]), _width_in(weighted[0]), _width_out(weighted[-1])
    texts = [None if node is None else cls.syntax.text(node) for node in (own, first, last)]
    if texts[1] == texts[2]:
        return Fit.EITHER
    return Fit.INPUT if texts[0] == texts[1] else Fit.RESULT if texts[0] == texts[2] else Fit.UNKNOWN


def keeps_shape(cls: ModuleClass, projection: tuple[Layer, ...]) -> bool:
    """Whether a projection that could be read has one width on both sides, and no stride."""
    widths = {cls.syntax.text(node) for layer in projection for node in (_width_in(layer), _width_out(layer)) if node}
    return len(widths) == 1 and all(_stride(cls, layer) is None for layer in projection)


def _width_in(layer: Layer) -> cst.BaseExpression | None:
    return layer.argument("in_features" if layer.torch_name == "Linear" else "in_channels")


def _width_out(layer: Layer) -> cst.BaseExpression | None:
    return layer.argument("out_features" if layer.torch_name == "Linear" else "out_channels")


def _stride(cls: ModuleClass, layer: Layer) -> str | None:
    """The text of a stride other than 1."""
    node = layer.argument("stride") if layer.torch_name != "Linear" else None
    text = None if node is None else cls.syntax.text(node)
    return None if text == "1" else text
