"""Residual streams that a norm replaces: branches are added to the normalised value, and the raw one is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import NORMS
from nn_lint.model.residual.around import sums_around
from nn_lint.model.residual.evidence import sites_of
from nn_lint.model.residual.routes import Stream, main_stream
from nn_lint.model.residual.steps import is_norm, settled
from nn_lint.model.residual.terms import is_plain_sum
from nn_lint.model.residual.transformer import kinds_of_part
from nn_lint.model.values import Kind, Value, is_residual_sum

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_SAYS_PRE_NORM = re.compile(r"pre[- ]?(?:layer[- ]?)?(?:norm|ln\b)", re.IGNORECASE)
_SAYS_POST_NORM = re.compile(r"post[-_ ]?(?:layer[-_ ]?)?(?:norm|ln\b)|norm_?first|sandwich", re.IGNORECASE)
_COMMENT = re.compile(r"#[^\n]*")
_BLOCK_NAME = re.compile(r"\w*(?:Block|Layer)(?:_?[0-9A-Z]|V[0-9])?")
_STREAM_NORMS = frozenset({"LayerNorm", "RMSNorm"})
_UNTOUCHED = frozenset({Kind.INPUT, Kind.ITEM, Kind.COLLECTION, Kind.OPERATION, Kind.CONSTANT})


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A norm, and the sum that adds a branch to what it gave. `is_certain`: the block is surely meant as pre-norm."""

    norm: cst.CSTNode
    total: cst.CSTNode
    reason: str
    is_certain: bool


def overwrites(cls: ModuleClass) -> Iterator[Overwrite]:
    """The norms that replace the stream of a pre-norm block, where no caller keeps the raw value."""
    stream = main_stream(cls)
    if stream is None or not _is_block(stream) or _SAYS_POST_NORM.search(cls.text):
        return
    found = [(norm, total) for norm in stream.spine if (total := _sum_onto(stream, norm)) is not None]
    meant = _meaning(cls, stream, [norm for norm, _ in found]) if found else None
    if meant is None or _normalised_inputs(cls) > 1 or _is_added_around(cls):
        return
    for norm, total in found:
        if norm.node is not None and total.node is not None and all(map(cls.syntax.holds, (norm.node, total.node))):
            yield Overwrite(norm.node, total.node, *meant)


def _is_block(stream: Stream) -> bool:
    """One way without conditions or lists of layers, at the end of which stands a residual sum and no norm."""
    if any(value.kind is Kind.CHOICE or value.name.endswith("[]") for value in stream.values):
        return False
    last = stream.result
    while last.kind in (Kind.OPERATION, Kind.ITEM) or settled(last) is not last:
        last = last.dependent_operands[0]
    return is_plain_sum(last) and is_residual_sum(last)


def _sum_onto(stream: Stream, norm: Value) -> Value | None:
    """The sum that adds to a norm's value what was made of it without another norm."""
    if norm.kind is not Kind.LAYER or not is_norm(norm) or not _normalises_the_stream(norm):
        return None
    users = [value for value in stream.values if norm in value.operands]
    if any(is_norm(user) for user in users):
        return None
    sums = (value for value in stream.values if is_plain_sum(value) and is_residual_sum(value))
    return next((total for total in sums if norm in map(settled, total.operands)), None)


def _normalises_the_stream(norm: Value) -> bool:
    """A layer norm or one of the project; norms over the batch or over groups of channels belong to convolutions."""
    name = norm.layer.torch_name if norm.layer is not None else None
    return name in _STREAM_NORMS if name in NORMS else not re.search(r"bn|batch|group", norm.name, re.IGNORECASE)


def _meaning(cls: ModuleClass, stream: Stream, norms: list[Value]) -> tuple[str, bool] | None:
    """Why the block is meant as pre-norm, and whether that is certain."""
    comments = " ".join(_COMMENT.findall(cls.text))
    if _SAYS_PRE_NORM.search(" ".join((cls.name.replace("_", " "), cls.docstring, comments))):
        return "the class says that it is pre-norm", True
    if not any(_is_untouched(norm.operands[0]) for norm in norms):
        return None
    called = (value for value in stream.values if value.kind is Kind.LAYER)
    parts = [kind for value in called for kind in dict.fromkeys(kinds_of_part(cls, value))]
    sums = [value for value in stream.values if is_plain_sum(value) and is_residual_sum(value)]
    if parts.count("norm") < len(sums):
        return None
    branches = [kind for kind in ("attention", "feed-forward") if kind in parts]
    if len(branches) == 2 or (branches and _BLOCK_NAME.fullmatch(cls.name)):
        return f"its first norm stands before its {branches[0]}", len(branches) == 2
    return None


def _is_untouched(value: Value) -> bool:
    return all(item.kind in _UNTOUCHED for item in value.ancestors())


def _normalised_inputs(cls: ModuleClass) -> int:
    """How many inputs are normalised before a branch is added to them: two are two streams that are fused."""
    flow = cls.flow
    sums = [value for value in flow.values if is_plain_sum(value)] if flow is not None else []
    sides = (settled(side) for total in sums for side in total.operands)
    return len({side.operands[0] for side in sides if is_norm(side) and _has_passed_no_layer(side.operands[0])})


def _has_passed_no_layer(value: Value) -> bool:
    return all(item.kind is not Kind.LAYER for item in value.ancestors())


def _is_added_around(cls: ModuleClass) -> bool:
    holders = dict.fromkeys(site.holder for site in sites_of(cls) if site.holder is not None)
    around = (found.called for holder in holders for found in sums_around(cls.registry.model(holder)))
    return any(called == cls.definition for called in around)
