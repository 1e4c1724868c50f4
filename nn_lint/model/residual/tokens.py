"""The spine of a block as a row of tokens: what each of its values is to the block, other views of a value left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nn_lint.model.residual.parts import CORE_PARTS, GUARDS, NORM_PARTS, SUBLAYERS, Part, part_of
from nn_lint.model.residual.routes import Stream, stream_between
from nn_lint.model.values import Kind, Value

_EDGE_NORM = re.compile(r"norm|(?:^|_)ln", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A value of the spine, by its index. `is_optional`: a condition may pass it by.

    `is_edge`: a norm that stands at the edge of a branch, and does not belong to the convolution before it.
    """

    index: int
    part: Part
    name: str
    is_optional: bool = False
    is_edge: bool = False


def tokens_of(stream: Stream) -> tuple[Token, ...]:
    """The tokens of a stream in order."""
    return tuple(token for index in range(1, len(stream.spine)) for token in _tokens_at(stream, index))


def last_index(stream: Stream) -> int:
    """The index of the last value of the spine that is no guard against overflow."""
    index = len(stream.spine) - 1
    while index > 1 and _is_guard(stream, index):
        index -= 1
    return index


def _tokens_at(stream: Stream, index: int) -> Iterator[Token]:
    value, inner = stream.spine[index], inner_values(stream, index)
    if not inner:
        part = Part.OTHER if _takes_another(stream, value) else part_of(value)
        if part is not Part.SHAPE:
            yield Token(index, part, value.name, is_edge=_is_edge(part, value))
        return
    is_optional = value.kind is Kind.CHOICE and stream.spine[index - 1] in stream.operands(value)
    part = part_of(value) if value.kind is Kind.LAYER else _strongest(stream, index, inner)
    first = inner[0]
    if part in CORE_PARTS and _is_edge(part_of(first), first):
        yield Token(index, part_of(first), first.name, is_edge=True)
    if part is not Part.SHAPE:
        norms = [item for item in (value, *inner) if part_of(item) in NORM_PARTS]
        is_edge = part in NORM_PARTS and any(_is_edge(part_of(item), item) for item in norms)
        yield Token(index, part, norms[0].name if norms else value.name, is_optional, is_edge)


def inner_values(stream: Stream, index: int) -> tuple[Value, ...]:
    """The values between a value of the spine and the one before it, where several paths lie between them."""
    before, value = stream.spine[index - 1], stream.spine[index]
    if stream.operands(value) == (before,):
        return ()
    values = stream.values
    return values[values.index(before) + 1 : values.index(value)]


def _is_edge(part: Part, value: Value) -> bool:
    return part is Part.LAYER_NORM or (part is Part.CHANNEL_NORM and _EDGE_NORM.search(value.name) is not None)


def _takes_another(stream: Stream, value: Value) -> bool:
    """A product or sum with something that another input was made into: a modulation, and no scale of the branch."""
    return value.kind in (Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY) and stream.operands(value) != value.dependent_operands


def _strongest(stream: Stream, index: int, inner: Sequence[Value]) -> Part:
    """What several paths amount to: weights on one of them count most.

    One sublayer, or one of several by a condition, stays what it is; attention over channels is none.
    """
    value, parts = stream.spine[index], [part_of(item) for item in inner]
    if value.kind is Kind.CHOICE and SUBLAYERS & set(parts):
        sides = [_cores(stream, index, side) for side in stream.operands(value)]
        is_one = all(len(side) <= 1 for side in sides)
        return next(part for part in parts if part in SUBLAYERS) if is_one else Part.MIXED
    if CORE_PARTS & set(parts):
        return Part.WEIGHTS
    order = (Part.LAYER_NORM, Part.CHANNEL_NORM, Part.ACTIVATION, Part.PASSIVE)
    strongest = next((part for part in order if part in parts), None)
    return strongest or (Part.SHAPE if set(parts) == {Part.SHAPE} else Part.OTHER)


def _cores(stream: Stream, index: int, side: Value) -> set[str]:
    """The names of the layers with weights on one side of a choice."""
    before = stream.spine[index - 1]
    if side is before:
        return set()
    return {item.name for item in stream_between(before, side).values if part_of(item) in CORE_PARTS}


def _is_guard(stream: Stream, index: int) -> bool:
    """A `clamp`, with or without a condition."""
    value, inner = stream.spine[index], inner_values(stream, index)
    guards = [item for item in (value, *inner) if item.kind is Kind.OPERATION and item.name in GUARDS]
    return bool(guards) and all(part_of(item) is Part.SHAPE for item in (value, *inner))
