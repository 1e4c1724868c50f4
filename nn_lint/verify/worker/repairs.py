"""Other inputs after a forward refused some: by the layer that failed, by torch's message, then other sizes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import torch
from torch import nn

from .inputs import BATCH, LENGTH, PLAIN, consumed_shapes
from .specs import Shape, Spec, Specs
from .tracing import Trace

SIDES = (224, 64, 28, 128, 256, 96, 48, 16, 84, 227, 299, 512, 14, 7)


def repairs(specs: Specs, values: Sequence[Any], message: str, trace: Trace) -> Iterator[Specs]:
    """Inputs to try next, the likeliest first."""
    index = position_of(trace.got, values)
    if index is not None and trace.failed is not None:
        yield from suit_layer(specs, index, trace.failed)
    yield from suit_dtype(specs, index, message, trace)
    yield from suit_rank(specs, index, message)
    yield from substitute(specs, message)
    yield from solve_flatten(specs, message, trace)
    if re.search(
        r"[Kk]ernel size|too small|padded input size|must match|shape '|divisible|even|invalid for input|expected size|"
        r"Sizes of tensors|match|multipl|size",
        message,
    ):
        yield from other_sides(specs, message)
    yield from suit_kind(specs, message)
    yield from alike(specs)


def alike(specs: Specs) -> Iterator[Specs]:
    """All tensors in the shape of the first: losses compare what they are given, whatever it is called."""
    first = next((spec.shape for spec in specs if spec.shape), None)
    if first is not None and len([spec for spec in specs if spec.shape]) > 1:
        yield tuple(replace(spec, kind="float").sized(first) if spec.shape else spec for spec in specs)


def position_of(tensor: Optional[torch.Tensor], values: Sequence[Any]) -> Optional[int]:
    """Which input a tensor is, untouched."""
    for index, value in enumerate(values):
        if tensor is not None and value is tensor:
            return index
    return None


def put(specs: Specs, index: int, spec: Spec) -> Specs:
    """The inputs with one exchanged."""
    return (*specs[:index], spec, *specs[index + 1 :])


def suit_layer(specs: Specs, index: int, layer: nn.Module) -> Iterator[Specs]:
    """Give the input that a layer of torch took untouched the shape that this layer wants."""
    if isinstance(layer, (nn.Embedding, nn.EmbeddingBag)):
        yield put(
            specs,
            index,
            Spec(specs[index].name, "ints", (BATCH, LENGTH), layer.num_embeddings, keyword=specs[index].keyword),
        )
        return
    old = specs[index].shape
    for wanted in consumed_shapes(layer):
        keeps_sides = len(old) == len(wanted) > 1 and not isinstance(layer, (nn.Linear, nn.LayerNorm))
        shape = (old[0], wanted[1], *old[2:]) if keeps_sides else wanted
        changed = replace(specs[index], kind="float").sized(shape)
        yield put(specs, index, changed)
        same = [spec.sized(shape) if spec.kind == "float" and spec.shape == old else spec for spec in specs]
        yield tuple(same)
    if isinstance(layer, (nn.Linear, nn.LayerNorm)) and old:
        width = layer.in_features if isinstance(layer, nn.Linear) else layer.normalized_shape[-1]
        yield put(specs, index, specs[index].sized((*old[:-1], int(width))))


def suit_dtype(specs: Specs, index: Optional[int], message: str, trace: Trace) -> Iterator[Specs]:
    """Integers where they are wanted, smaller ones where they run over the end of a table."""
    if re.search(r"indices|Long|index_select|one_hot|must be long|integer|int64|LongTensor", message):
        order = [index] if index is not None else range(len(specs))
        for place in order:
            spec = specs[place]
            if spec.kind == "float":
                high = getattr(trace.failed, "num_embeddings", 4)
                shapes = [(BATCH, LENGTH)] if len(spec.shape) > 2 else []
                for shape in (*shapes, spec.shape, (BATCH,)):
                    yield put(specs, place, replace(spec, kind="ints", shape=shape, high=int(high)))
    if "index out of range" in message or "out of bounds" in message:
        for place, spec in enumerate(specs):
            if spec.kind == "ints" and spec.high > 1:
                yield put(specs, place, replace(spec, high=1))
    if re.search(r"Float|float|not implemented for 'Long'|BFloat16", message):
        for place, spec in enumerate(specs):
            if spec.kind == "ints":
                yield put(specs, place, replace(spec, kind="float"))


def suit_rank(specs: Specs, index: Optional[int], message: str) -> Iterator[Specs]:
    """Another number of dimensions."""
    rank: Optional[int] = None
    for pattern in (
        r"\(batched\)|(?:[Ee]xpected|expects?|must be|requires?)[^.]*?(\d)-?[dD]\b",
        r"values to unpack \(expected (\d+)",
        r"len\(dims\) = (\d)",
        r"Expected (\d) dimensions",
        r"or (\d)D \(batched\)",
        r"[Ee]xpected (\d) dims",
        r"expected a (\d)-?[dD]",
    ):
        found = re.search(pattern, message)
        if found and found.group(1):
            rank = int(found.group(1))
    batched = re.search(r"or (\d)D \(batched\)", message)
    if batched:
        rank = int(batched.group(1))
    if "Dimension out of range" in message or "too many indices" in message:
        rank = max((len(spec.shape) for spec in specs), default=1) + 1
    if rank is None:
        return
    places = (
        [index] if index is not None else [place for place, spec in enumerate(specs) if spec.kind in ("float", "ints")]
    )
    if len(places) > 1:
        yield tuple(
            spec.sized(ranked(spec.shape, rank)) if place in places else spec for place, spec in enumerate(specs)
        )
    for place in places:
        if len(specs[place].shape) != rank:
            if 2 <= len(specs[place].shape) < rank:
                missing = (8,) * (rank - len(specs[place].shape))
                yield put(
                    specs, place, specs[place].sized((*specs[place].shape[:-1], *missing, specs[place].shape[-1]))
                )
            yield put(specs, place, specs[place].sized(ranked(specs[place].shape, rank)))


def ranked(shape: Shape, rank: int) -> Shape:
    """A shape of this rank that keeps the batch and what else it can."""
    if len(shape) >= rank:
        return (*shape[: rank - 1], shape[-1]) if rank > 1 else shape[:1]
    plain = next((each for each in PLAIN if len(each) == rank), (BATCH,) * rank)
    return (*shape[:2], *plain[len(shape[:2]) :]) if len(shape) > 1 else plain


def mismatch(message: str) -> List[Tuple[int, int]]:
    """`(got, wanted)` pairs of sizes that a message names."""
    pairs: List[Tuple[int, int]] = []
    for pattern, swap in (
        (r"to have (\d+) channels, but got (\d+)", True),
        (r"\(\d+x(\d+) and (\d+)x\d+\)", False),
        (r"running_mean should contain (\d+) elements not (\d+)", False),
        (r"[Ee]xpected:? (\d+),? (?:but )?got:? (\d+)", True),
        (r"tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", False),
        (r"[Ee]xpected size (\d+) but got size (\d+)", True),
        (r"weight of shape \[(\d+)\] and input of shape \[\d+, (\d+)", True),
        (r"normalized_shape=\[(\d+)\].*size\[.*?(\d+)\]$", True),
        (r"(\d+) vs\.? (\d+)", False),
        (r"mat1 dim 1 must match mat2 dim 0|size mismatch, got input \(\d+\), mat \(\d+x(\d+)\), vec \((\d+)\)", False),
    ):
        for found in re.finditer(pattern, message):
            if found.group(1) and found.group(2):
                first, second = int(found.group(1)), int(found.group(2))
                pairs.append((second, first) if swap else (first, second))
                if "tensor a" in pattern or "vs" in pattern or "running_mean" in pattern:
                    pairs.append((second, first))
    return pairs


def substitute(specs: Specs, message: str) -> Iterator[Specs]:
    """Put the wanted size wherever an input has the size that was refused."""
    for got, wanted in mismatch(message):
        if not 0 < wanted <= 16384:
            continue
        for place, spec in enumerate(specs):
            for axis in [axis for axis in range(len(spec.shape)) if spec.shape[axis] == got and axis]:
                yield put(specs, place, spec.sized((*spec.shape[:axis], wanted, *spec.shape[axis + 1 :])))
        if got > 1 and (wanted % got == 0 or got % wanted == 0):
            for place, spec in enumerate(specs):
                for axis in sorted({1, len(spec.shape) - 1}) if len(spec.shape) > 1 else ():
                    if spec.shape[axis] * wanted % got == 0:
                        side = spec.shape[axis] * wanted // got
                        yield put(specs, place, spec.sized((*spec.shape[:axis], side, *spec.shape[axis + 1 :])))


def solve_flatten(specs: Specs, message: str, trace: Trace) -> Iterator[Specs]:
    """Spatial sizes under which what reaches a Linear after flattening has the number of features that it wants."""
    if not isinstance(trace.failed, nn.Linear) or trace.got is None or not trace.got.shape:
        return
    ratio = trace.failed.in_features / max(1, trace.got.shape[-1])
    for place, spec in enumerate(specs):
        axes = len(spec.shape) - 2
        if spec.kind != "float" or axes < 1:
            continue
        for axis_count in {axes, 1}:
            scale = ratio ** (1 / axis_count)
            for shift in (0, -1, 1, 2, -2, 4, -4):
                sides = [max(1, round(side * scale) + shift) for side in spec.shape[-axis_count:]]
                if max(sides) <= 1024:
                    yield put(specs, place, spec.sized((*spec.shape[:-axis_count], *sides)))


def other_sides(specs: Specs, message: str) -> Iterator[Specs]:
    """Other spatial sizes: those that the message names, then usual ones."""
    named = [int(side) for side in re.findall(r"\b(\d{2,4})\b", message)]
    for side in [*dict.fromkeys(named), *SIDES]:
        if 1 < side <= 640:
            yield tuple(
                spec.sized((*spec.shape[:2], *(side for _ in spec.shape[2:]))) if len(spec.shape) > 2 else spec
                for spec in specs
            )


def suit_kind(specs: Specs, message: str) -> Iterator[Specs]:
    """Another kind of value: a number, a list of tensors, a tensor where None stood."""
    for place, spec in enumerate(specs):
        if spec.kind == "text" and spec.text == "None" and "None" in message:
            partner = next((other.shape for other in specs if len(other.shape) > 1), (BATCH, LENGTH))
            for shape in (partner[:2], partner, (partner[0], 1, partner[1], partner[1])):
                yield put(specs, place, Spec(spec.name, "bool", shape, keyword=spec.keyword))
        if spec.kind == "float" and re.search(r"list|tuple|sequence|iterat|dict|subscript", message):
            size = ", ".join(map(str, spec.shape))
            for count in (1, 2, 4):
                text = "[" + ", ".join([f"torch.randn({size})"] * count) + "]"
                yield put(specs, place, Spec(spec.name, "text", text=text, keyword=spec.keyword))
        if spec.kind == "text" and spec.text.startswith("[torch"):
            yield put(specs, place, Spec(spec.name, "float", PLAIN[0], keyword=spec.keyword))
        if spec.kind == "float" and re.search(r"interpreted as an integer|must be .*ints?, not|Boolean value", message):
            yield put(specs, place, Spec(spec.name, "text", text="4", keyword=spec.keyword))
