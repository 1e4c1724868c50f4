"""What single steps do to the way of an input: norms and reshapes let it pass, layers with weights end it."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum

import libcst as cst

from nn_lint.model.layers import ACTIVATIONS, NORMS, PASSIVE
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import Resolved, TorchClass

_PASSING = ACTIVATIONS | NORMS | PASSIVE | {"Flatten", "Unflatten", "Upsample", "ZeroPad2d"}
_ADDING = frozenset({"TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder", "TransformerDecoder"})
_PASSING_NAME = re.compile(r"\w*(?:norm|drop|drop_?path|act|activation|relu|gelu)_?\d?|bn_?\d?|ln_?\d?", re.IGNORECASE)
_WEIGHTING = frozenset(
    (
        "linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d embedding matmul mm "
        "bmm einsum baddbmm scaled_dot_product_attention multi_head_attention_forward"
    ).split()
)


class Reach(Enum):
    """The best of an input's ways to a value; the members are in that order.

    Norms, activations, dropout and reshapes leave a way what it is; layers with weights do not.
    """

    IDENTITY = "it is passed on, in some case at least"
    SUM = "it is added to what was made of it"
    CONCATENATION = "it is joined to what was made of it"
    GATE = "it is multiplied by what was made of it"
    UNKNOWN = "something that cannot be looked into gets it"
    PROJECTION = "a layer stands on its way, and a sum passes other layers by"
    NONE = "layers stand on every way, and no sum passes any by"


_ORDER = tuple(Reach)
_OPEN = (Reach.IDENTITY, Reach.SUM, Reach.CONCATENATION, Reach.GATE)
MERGES = {
    Kind.ADD: Reach.SUM,
    Kind.SUBTRACT: Reach.SUM,
    Kind.CONCATENATE: Reach.CONCATENATION,
    Kind.MULTIPLY: Reach.GATE,
}


def best(ways: Collection[Reach]) -> Reach:
    """The way that keeps most of the input."""
    return min(ways, key=_ORDER.index)


def through(way: Reach) -> Reach:
    """What is left of a way behind a layer with weights."""
    if way in (Reach.UNKNOWN, Reach.PROJECTION):
        return way
    return Reach.PROJECTION if way is Reach.SUM else Reach.NONE


def joined(merge: Reach, ways: Collection[Reach], *, passes_layers_by: bool) -> Reach:
    """Where several ways meet: the open one is now what the meeting makes of it, unless all are alike."""
    first = best(ways)
    if first in _OPEN:
        return first if len(set(ways)) == 1 else max(first, merge, key=_ORDER.index)
    if first is Reach.NONE and merge is Reach.SUM and passes_layers_by:
        return Reach.PROJECTION
    return first


def is_weighting(value: Value) -> bool:
    """Whether a function or operator takes weights, or mixes values as attention does."""
    if isinstance(value.node, cst.BinaryOperation):
        return isinstance(value.node.operator, cst.MatrixMultiply)
    return value.kind in (Kind.OPERATION, Kind.MULTIPLY) and value.name in _WEIGHTING


def torch_step(called: Resolved | None, name: str, way: Reach) -> Reach:
    """What a layer of torch does to a way; one that is not known counts by its name."""
    if not isinstance(called, TorchClass):
        return way if _PASSING_NAME.fullmatch(name) else Reach.UNKNOWN
    if called.name in _PASSING:
        return way
    if called.name in _ADDING:
        return max(way, Reach.SUM, key=_ORDER.index)
    return through(way)
