"""Where the branches of a block begin and end: between which values of its spine a shortcut belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nn_lint.model.residual.parts import CORE_PARTS, NORM_PARTS, SUBLAYERS, UNSHAPING, Part, part_of
from nn_lint.model.residual.routes import Stream, stream_between
from nn_lint.model.residual.tokens import Token, last_index, tokens_of
from nn_lint.model.values import Kind, Value

_WITHIN = re.compile(r"^post_|_post$", re.IGNORECASE)
_PROJECTION = re.compile(r"proj|out|linear|dense|(?:^|_)(?:fc|o|c)\d?(?:_|$)", re.IGNORECASE)
_CONVOLUTION = re.compile(r"conv", re.IGNORECASE)
_UNCLEAR = "where its branches begin and end is a guess"
_WEIGHTLESS = "it has no layer with weights to go around"
_Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Branch:
    """The input of a branch is to be added to its end. `keeps_width`: of a transformer, which adds it as it is."""

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
class _Sublayer:
    """Tokens of which one is attention or has weights, and the norms before them. `inner` counts norms behind it."""

    norms: tuple[Token, ...]
    tokens: tuple[Token, ...]
    inner: int = 0


def branches_of(stream: Stream, saved: Sequence[Value] = ()) -> tuple[Branch, ...] | str:
    """The branches of a stream in order, or why they cannot be told apart.

    `saved` are values of the spine that the author saved: each begins a branch.
    """
    tokens = tokens_of(stream)
    if any(token.part is Part.MIXED for token in tokens):
        return _alternatives(stream, saved, tokens)
    if not any(token.part in CORE_PARTS for token in tokens):
        return _WEIGHTLESS
    if any(value.kind is Kind.CONCATENATE and _joins_another(stream, value) for value in stream.spine):
        return "its input is joined with another one"
    starts = [stream.spine.index(value) for value in saved if value in stream.spine]
    if len(starts) > 1 or (starts and starts[0] > 0):
        ranges = [_single(stream, tokens, *each) for each in zip(starts, (*starts[1:], last_index(stream)))]
    else:
        ranges = list(_ranges(stream, tokens))
    reasons = [item for item in ranges if isinstance(item, str)]
    return (
        reasons[0] if reasons else tuple(_branch(stream, tokens, *item) for item in ranges if isinstance(item, tuple))
    )


def _alternatives(stream: Stream, saved: Sequence[Value], tokens: Sequence[Token]) -> tuple[Branch, ...] | str:
    """A condition that runs the whole block in either of two ways: the branches of both."""
    sides = stream.operands(stream.spine[tokens[0].index])
    rest_is_passive = all(token.part is Part.PASSIVE for token in tokens[1:])
    if tokens[0].part is not Part.MIXED or stream.source in sides or not rest_is_passive:
        return _UNCLEAR
    found = [branches_of(stream_between(stream.source, side), saved) for side in sides]
    reasons = [item for item in found if isinstance(item, str)]
    return reasons[0] if reasons else tuple(branch for item in found if isinstance(item, tuple) for branch in item)


def _joins_another(stream: Stream, value: Value) -> bool:
    """Whether a value is put together with something that another input was made into."""
    return any(operand not in stream.values and operand.depends for operand in value.operands)


def _ranges(stream: Stream, tokens: Sequence[Token]) -> Iterator[_Range | str]:
    """One branch for each sublayer of a transformer block; a single one for everything else."""
    last = last_index(stream)
    cores = [token.part for token in tokens if token.part in CORE_PARTS]
    sublayers, behind = _sublayers(tokens)
    if not SUBLAYERS & set(cores) or (len(sublayers) == 1 and not _may_be_two(cores)):
        yield _single(stream, tokens, 0, last)
        return
    shape = (len(sublayers[0].norms), {len(item.norms) for item in sublayers[1:]}, len(behind))
    has_attention = any(token.part is Part.ATTENTION for token in sublayers[0].tokens)
    if shape == (0, {1}, 0) and len(sublayers) == 2 and not has_attention:
        yield _single(stream, tokens, 0, last)
        return
    cuts = None if len(sublayers) == 1 or _is_unclear(sublayers) else _cuts(sublayers, shape)
    if cuts is None:
        yield _UNCLEAR
        return
    leaves_norm = bool(behind) and (shape[1] != {2} or behind[0].is_optional)
    ends = [*(end for end, _ in cuts), behind[0].index - 1 if leaves_norm else last]
    yield from zip((0, *(start for _, start in cuts)), ends)


def _may_be_two(cores: Sequence[Part]) -> bool:
    """Attention, and behind it more than its own projection: a feed-forward network without a name."""
    return cores[0] is Part.ATTENTION and len(cores) > 2


def _is_unclear(sublayers: Sequence[_Sublayer]) -> bool:
    """Sublayers that a condition may leave out, that end in unlike ways, or that may be two."""
    return (
        any(token.is_optional and token.part in CORE_PARTS for item in sublayers for token in item.tokens)
        or len({item.inner for item in sublayers}) > 1
        or any(_hides_another(item.tokens) for item in sublayers)
    )


def _hides_another(tokens: Sequence[Token]) -> bool:
    """Attention and its dropout, and then weights that are not its projection."""
    places = [place for place, token in enumerate(tokens) if token.part in SUBLAYERS]
    behind = tokens[places[-1] + 1 :] if places else ()
    dropped = next((place for place, token in enumerate(behind) if token.part is Part.PASSIVE), len(behind))
    return any(token.part is Part.WEIGHTS and not _PROJECTION.search(token.name) for token in behind[dropped:])


def _cuts(sublayers: Sequence[_Sublayer], shape: tuple[int, set[int], int]) -> list[_Range] | None:
    """Between two sublayers each: where the first ends, and where the second begins."""
    first, between, behind = shape
    rest = sublayers[1:]
    if first <= 1 and between == {0} and behind <= 1:
        return [(item.tokens[0].index - 1,) * 2 for item in rest]
    before = [item.norms[0].index - 1 for item in rest if item.norms]
    if first == 1 and between == {1} and behind <= 1:
        return [(place, place) for place in before]
    if (first, between, behind) == (0, {1}, 1):
        return [(place, place + 1) for place in before]
    if (first, between, behind) == (1, {2}, 1):
        if all(item.norms[0].is_optional for item in rest):
            return [(place, place + 1) for place in before]
        return [(item.norms[1].index - 1,) * 2 for item in rest]
    return None


def _sublayers(tokens: Sequence[Token]) -> tuple[tuple[_Sublayer, ...], tuple[Token, ...]]:
    """The sublayers, parted by norms or by their names, and the norms behind the last one.

    A norm that is followed by dropout belongs to the sublayer before it: it stands inside of the sum.
    """
    found: list[_Sublayer] = []
    norms: list[Token] = []
    for token in tokens:
        if token.is_edge:
            norms.append(token)
        elif token.part in CORE_PARTS and (norms or not found or _parts_from(found[-1], token)):
            found.append(_Sublayer(tuple(norms), (token,)))
            norms = []
        elif found and (token.part is Part.PASSIVE or not norms):
            last = found[-1]
            found[-1] = replace(last, tokens=(*last.tokens, *norms, token), inner=last.inner + len(norms))
            norms = []
    return tuple(found), tuple(norms)


def _parts_from(sublayer: _Sublayer, token: Token) -> bool:
    """Whether a token begins another sublayer though no norm stands before it."""
    parts = {item.part for item in sublayer.tokens} & SUBLAYERS
    is_dropped = sublayer.tokens[-1].part is Part.PASSIVE
    return token.part in SUBLAYERS and bool(parts - {token.part} or (parts and is_dropped))


def _single(stream: Stream, tokens: Sequence[Token], start: int, end: int) -> _Range | str:
    """One branch between two places of the spine. It ends before a last activation, or a last norm of a transformer."""
    inside = [token for token in tokens if start < token.index <= end]
    if not any(token.part in CORE_PARTS for token in inside):
        return _WEIGHTLESS
    final = inside[-1]
    if _is_gate(stream.spine[final.index]):
        return "it ends in a gate"
    is_within = inside[0].part in NORM_PARTS or _WITHIN.search(final.name) is not None or _convolves(stream, inside)
    if final.part is Part.ACTIVATION or (final.part is Part.LAYER_NORM and (final.is_optional or not is_within)):
        return start, final.index - 1
    return start, end


def _is_gate(value: Value) -> bool:
    """A sigmoid, or the product of two branches neither of which was made of the other."""
    sides = value.dependent_operands
    return part_of(value) is Part.SQUASHING or (
        value.kind is Kind.MULTIPLY
        and len(sides) > 1
        and not any(all(side in set(other.ancestors()) for other in sides) for side in sides)
    )


def _convolves(stream: Stream, tokens: Sequence[Token]) -> bool:
    """Whether a branch is one of convolutions, whose norms belong to them."""
    if any(token.part is Part.CHANNEL_NORM for token in tokens):
        return True
    layers = [f"{value.name} {value.layer.callee if value.layer else ''}" for value in stream.values]
    return any(_CONVOLUTION.search(words) for words in layers)


def _branch(stream: Stream, tokens: Sequence[Token], start: int, end: int) -> Branch:
    """A branch without the reshapes that only one of its ends has."""
    inside = [token.index for token in tokens if start < token.index <= end]
    reshaping = [index for index in range(start + 1, end + 1) if _reshapes(stream.spine[index])]
    if reshaping and max(reshaping) < min(inside):
        start = reshaping[-1]
    elif reshaping and min(reshaping) > max(inside):
        end = reshaping[0] - 1
    cores = [token.part for token in tokens if token.part in CORE_PARTS]
    is_transformer = cores[0] in SUBLAYERS and (set(cores) >= SUBLAYERS or any(token.is_edge for token in tokens))
    return Branch(stream_between(stream.spine[start], stream.spine[end]), is_transformer)


def _reshapes(value: Value) -> bool:
    return value.kind is Kind.OPERATION and part_of(value) is Part.SHAPE and value.name not in UNSHAPING
