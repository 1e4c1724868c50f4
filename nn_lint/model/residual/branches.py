"""Where the branches of a block begin and end: between which values of its spine a shortcut belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nn_lint.model.residual.parts import CORE_PARTS, NORM_PARTS, Part, part_of
from nn_lint.model.residual.routes import Stream, stream_between
from nn_lint.model.values import Kind, Value

_SUBLAYERS = frozenset({Part.ATTENTION, Part.FEED_FORWARD})
_FINAL = re.compile(r"final|last|out", re.IGNORECASE)
_EDGE_NORM = re.compile(r"norm|(?:^|_)ln", re.IGNORECASE)
_UNSHAPING = frozenset({"contiguous", "to", "type", "float", "half", "type_as", "clone"})
_UNCLEAR = "where its branches begin and end is a guess"


@dataclass(frozen=True, slots=True)
class Branch:
    """The input of a branch is to be added to its end. `keeps_width`: of a transformer, which adds its input as it is."""

    stream: Stream
    keeps_width: bool

    @property
    def start(self) -> Value:
        """What is to be added."""
        return self.stream.source

    @property
    def end(self) -> Value:
        """What it is to be added to."""
        return self.stream.result


@dataclass(frozen=True, slots=True)
class _Token:
    """A value of the spine that is more than another view. `is_optional`: a condition may pass it by."""

    index: int
    part: Part
    is_optional: bool
    is_edge: bool
    is_final: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """A sublayer: its tokens, and the norms before it."""

    norms: tuple[_Token, ...]
    tokens: tuple[_Token, ...]

    @property
    def first(self) -> int:
        """The index of the first token."""
        return self.tokens[0].index


def branches_of(stream: Stream, saved: Sequence[Value] = ()) -> tuple[Branch, ...] | str:
    """The branches of a stream in order, or why they cannot be told apart.

    `saved` are values of the spine that the author saved: each begins a branch.
    """
    starts = [stream.spine.index(value) for value in saved if value in stream.spine]
    tokens = _tokens(stream)
    last = len(stream.spine) - 1
    if any(token.part is Part.MIXED for token in tokens):
        return _alternatives(stream, saved, tokens)
    if not any(token.part in CORE_PARTS for token in tokens):
        return "it has no layer with weights to go around"
    if any(value.kind is Kind.CONCATENATE and _joins_another(stream, value) for value in stream.spine):
        return "its input is joined with another one"
    if len(starts) > 1 or (starts and starts[0] > 0):
        ends = [*starts[1:], last]
        found = [_single(stream, tokens, start, end) for start, end in zip(starts, ends)]
    else:
        found = list(_sublayers(stream, tokens, last))
    reasons = [item for item in found if isinstance(item, str)]
    return reasons[0] if reasons else tuple(item for item in found if isinstance(item, Branch))


def _alternatives(stream: Stream, saved: Sequence[Value], tokens: Sequence[_Token]) -> tuple[Branch, ...] | str:
    """A condition that runs the whole block in either of two ways: the branches of both."""
    choice = stream.spine[tokens[0].index]
    sides = stream.operands(choice)
    if (
        tokens[0].part is not Part.MIXED
        or stream.source in sides
        or any(token.part is not Part.PASSIVE for token in tokens[1:])
    ):
        return _UNCLEAR
    found = [branches_of(stream_between(stream.source, side), saved) for side in sides]
    reasons = [item for item in found if isinstance(item, str)]
    return reasons[0] if reasons else tuple(branch for item in found if isinstance(item, tuple) for branch in item)


def _tokens(stream: Stream) -> tuple[_Token, ...]:
    found = []
    for index, value in enumerate(stream.spine[1:], 1):
        inner = _inner(stream, index)
        part, is_optional = part_of(value), False
        if inner:
            is_optional = value.kind is Kind.CHOICE and stream.spine[index - 1] in stream.operands(value)
            part = part if value.kind is Kind.LAYER else _strongest(value, inner)
        if part is not Part.SHAPE:
            names = [item.name for item in (value, *inner)]
            is_edge = any(_EDGE_NORM.search(name) for name in names) or part is Part.LAYER_NORM
            is_final = any(_FINAL.search(name) for name in names)
            found.append(_Token(index, part, is_optional, part in NORM_PARTS and is_edge, is_final))
    return tuple(found)


def _joins_another(stream: Stream, value: Value) -> bool:
    """Whether a value is put together with something that another input was made into."""
    return any(operand not in stream.values and operand.depends for operand in value.operands)


def _inner(stream: Stream, index: int) -> tuple[Value, ...]:
    """The values between a value of the spine and the one before it, where several paths lie between them."""
    before, value = stream.spine[index - 1], stream.spine[index]
    if stream.operands(value) == (before,):
        return ()
    values = stream.values
    return values[values.index(before) + 1 : values.index(value)]


def _strongest(value: Value, inner: Sequence[Value]) -> Part:
    """What several paths amount to: weights on one of them count most.

    One sublayer that a condition runs in either of two ways stays what it is; attention over channels is none.
    """
    parts = [part_of(item) for item in inner]
    cores = {item.name for item in inner if part_of(item) in CORE_PARTS}
    if value.kind is Kind.CHOICE and _SUBLAYERS & set(parts):
        return next(part for part in parts if part in _SUBLAYERS) if len(cores) == 1 else Part.MIXED
    if cores:
        return Part.WEIGHTS
    order = (Part.LAYER_NORM, Part.CHANNEL_NORM, Part.ACTIVATION, Part.PASSIVE)
    return next((part for part in order if part in parts), Part.OTHER)


def _sublayers(stream: Stream, tokens: Sequence[_Token], last: int) -> Iterator[Branch | str]:
    """One branch for each sublayer of a transformer block; a single one for everything else."""
    groups, behind = _groups(tokens)
    cores = [token.part for token in tokens if token.part in CORE_PARTS]
    if not _SUBLAYERS & set(cores) or (len(groups) == 1 and not _may_be_two(cores)):
        yield _single(stream, tokens, 0, last)
        return
    if len(groups) == 1 or any(token.is_optional and token.part in CORE_PARTS for token in tokens):
        yield _UNCLEAR
        return
    counts = (len(groups[0].norms), {len(group.norms) for group in groups[1:]}, len(behind))
    if counts == (0, {1}, 0):
        is_guess = len(groups) > 2 or any(token.part is Part.ATTENTION for token in groups[0].tokens)
        yield _UNCLEAR if is_guess else _single(stream, tokens, 0, last)
        return
    cuts = _cuts(groups, counts)
    if cuts is None:
        yield _UNCLEAR
        return
    leaves_norm = bool(behind) and (counts[1] != {2} or behind[0].is_optional)
    ends = [*(end for end, _ in cuts), behind[0].index - 1 if leaves_norm else last]
    for start, end in zip((0, *(start for _, start in cuts)), ends):
        yield _branch(stream, tokens, start, end)


def _may_be_two(cores: Sequence[Part]) -> bool:
    """Attention, and behind it more than its own projection: a feed-forward network without a name."""
    return cores[0] is Part.ATTENTION and len(cores) > 2


def _cuts(groups: Sequence[_Group], counts: tuple[int, set[int], int]) -> list[tuple[int, int]] | None:
    """Between two sublayers each: where the first ends, and where the second begins."""
    first, between, after = counts
    rest = groups[1:]
    if first <= 1 and between == {0} and after <= 1:
        return [(group.first - 1, group.first - 1) for group in rest]
    if first == 1 and between == {1} and after <= 1:
        return [(group.norms[0].index - 1, group.norms[0].index - 1) for group in rest]
    if (first, between, after) == (0, {1}, 1):
        return [(group.norms[0].index - 1, group.norms[0].index) for group in rest]
    if (first, between, after) == (1, {2}, 1):
        if all(group.norms[0].is_optional for group in rest):
            return [(group.norms[0].index - 1, group.norms[0].index) for group in rest]
        return [(group.norms[1].index - 1, group.norms[1].index - 1) for group in rest]
    return None


def _groups(tokens: Sequence[_Token]) -> tuple[tuple[_Group, ...], tuple[_Token, ...]]:
    """The sublayers, parted by norms or by their names, and the norms behind the last one.

    A norm that is followed by dropout belongs to the sublayer before it: it stands inside of the sum.
    """
    groups: list[_Group] = []
    norms: list[_Token] = []
    for token in tokens:
        if token.is_edge:
            norms.append(token)
        elif token.part in CORE_PARTS and (norms or not groups or _parts_from(groups[-1], token)):
            groups.append(_Group(tuple(norms), (token,)))
            norms = []
        elif groups:
            groups[-1] = replace(groups[-1], tokens=(*groups[-1].tokens, *norms, token))
            norms = []
    return tuple(groups), tuple(norms)


def _parts_from(group: _Group, token: _Token) -> bool:
    """Whether a token begins another sublayer though no norm stands before it."""
    parts = {item.part for item in group.tokens} & _SUBLAYERS
    return token.part in _SUBLAYERS and bool(parts - {token.part} or (parts and group.tokens[-1].part is Part.PASSIVE))


def _single(stream: Stream, tokens: Sequence[_Token], start: int, end: int) -> Branch | str:
    """One branch between two places of the spine. It ends before a last activation, or a last norm of a transformer."""
    inside = [token for token in tokens if start < token.index <= end]
    cores = [token for token in inside if token.part in CORE_PARTS]
    if not cores:
        return "it has no layer with weights to go around"
    final = inside[-1]
    if _is_gate(stream.spine[final.index]):
        return "it ends in a gate"
    convolves = any(token.part is Part.CHANNEL_NORM for token in inside)
    norm_first = inside[0].part in NORM_PARTS
    if final.part is Part.ACTIVATION or (
        final.part is Part.LAYER_NORM and (final.is_optional or not (norm_first or convolves or _convolves(stream)))
    ):
        end = final.index - 1
    return _branch(stream, tokens, start, end)


def _is_gate(value: Value) -> bool:
    """A sigmoid, or the product of two branches neither of which was made of the other."""
    sides = value.dependent_operands
    return part_of(value) is Part.SQUASHING or (
        value.kind is Kind.MULTIPLY
        and len(sides) > 1
        and not any(all(side in set(other.ancestors()) for other in sides) for side in sides)
    )


def _convolves(stream: Stream) -> bool:
    return any(
        re.search(r"conv", f"{value.name} {value.layer.callee if value.layer else ''}", re.IGNORECASE)
        for value in stream.values
    )


def _branch(stream: Stream, tokens: Sequence[_Token], start: int, end: int) -> Branch:
    """A branch without the reshapes that only one of its ends has."""
    inside = [token.index for token in tokens if start < token.index <= end]
    reshaping = [index for index in range(start + 1, end + 1) if _reshapes(stream.spine[index])]
    if reshaping and max(reshaping) < min(inside):
        start = reshaping[-1]
    elif reshaping and min(reshaping) > max(inside):
        end = reshaping[0] - 1
    cores = [token.part for token in tokens if token.part in CORE_PARTS]
    is_transformer = cores[0] in _SUBLAYERS and (set(cores) >= _SUBLAYERS or any(token.is_edge for token in tokens))
    return Branch(stream_between(stream.spine[start], stream.spine[end]), is_transformer)


def _reshapes(value: Value) -> bool:
    return value.kind is Kind.OPERATION and part_of(value) is Part.SHAPE and value.name not in _UNSHAPING
