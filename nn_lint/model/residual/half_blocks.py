"""Transformer blocks that add around one of their parts and not around another of the same width."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.residual.callers import caller_may_add
from nn_lint.model.residual.evidence import is_negated, sites_of
from nn_lint.model.residual.routes import Stream, adds_its_input, main_stream
from nn_lint.model.residual.terms import is_plain_sum
from nn_lint.model.residual.transformer import KINDS_OF_PARTS, kinds_of_part, transformer_parts
from nn_lint.model.values import Kind, Value, is_residual_sum
from nn_lint.project.hierarchy import ProjectClass, TorchClass
from nn_lint.project.outcomes import SiteKind

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_BLOCK = re.compile(r"(?:\w*[a-z0-9_])?(?:Block|Layer)(?:_?[0-9A-Z]|V[0-9])?")
_BRANCHES = ("attention", "feed-forward")
_SEEN = frozenset({Kind.INPUT, Kind.LAYER, Kind.OPERATION, Kind.ADD, Kind.ITEM, Kind.COLLECTION, Kind.CONSTANT})
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class HalfBlock:
    """A part that every path through a block passes, and one that a sum passes by."""

    bare: str
    added: str
    node: cst.CSTNode


def may_be_half(cls: ModuleClass) -> bool:
    """Whether a class has a block's name, and words for all parts of a transformer block."""
    if _BLOCK.fullmatch(cls.name) is None or "forward" not in cls.text:
        return False
    words = set(_WORD.findall(cls.text))
    return all(any(map(pattern.search, words)) for _, pattern in KINDS_OF_PARTS)


def half_block(cls: ModuleClass) -> HalfBlock | None:
    """The part of a transformer block that lacks its sum, where nothing says that this is meant."""
    stream = main_stream(cls) if may_be_half(cls) else None
    if stream is None or any(value.kind not in _SEEN or value.name.endswith("[]") for value in stream.values):
        return None
    called = [value for value in stream.values if value.kind is Kind.LAYER]
    if transformer_parts(cls, called) is None or any(adds_its_input(cls, value, stream) for value in called):
        return None
    found = [value for value in called if any(kind in _BRANCHES for kind in kinds_of_part(cls, value))]
    bare = [value for value in found if value in stream.spine]
    added = [value for value in found if _is_passed_by(stream, value)]
    if len(bare) != 1 or not added or len(bare) + len(added) != len(found) or bare[0].node is None:
        return None
    if bare[0].operands[0] not in stream.values or (_gets_a_memory(stream, bare[0]) and len(added) == 1):
        return None
    norms = {value.name for value in called if "norm" in kinds_of_part(cls, value)}
    is_known = _keeps_width(cls, bare[0]) and len(norms) >= len(found)
    return HalfBlock(bare[0].name, added[0].name, bare[0].node) if is_known and not _is_meant(cls) else None


def _is_passed_by(stream: Stream, part: Value) -> bool:
    """Whether a sum adds what the part gives to what it was made of."""
    sums = (value for value in stream.values if is_plain_sum(value) and is_residual_sum(value))
    return any(len({part in side.ancestors() for side in total.operands}) > 1 for total in sums)


def _gets_a_memory(stream: Stream, part: Value) -> bool:
    """Whether a part also gets another input: the first attention of a resampler does, and adds nothing on purpose."""
    return any(item not in stream.values for item in part.dependent_operands)


def _keeps_width(cls: ModuleClass, part: Value) -> bool:
    """Whether a part gives the width that it gets, as far as its construction shows."""
    layer = part.layer
    if layer is None:
        return False
    if layer.cls == TorchClass("MultiheadAttention") or isinstance(layer.cls, ProjectClass):
        return True
    built = list(parts(cls, layer))
    linear = [item for item in built if item is not None and item.torch_name == "Linear"]
    if not linear or None in built:
        return False
    width_in, width_out = linear[0].argument("in_features"), linear[-1].argument("out_features")
    return width_in is not None and width_out is not None and cls.syntax.text(width_in) == cls.syntax.text(width_out)


def _is_meant(cls: ModuleClass) -> bool:
    sites = sites_of(cls)
    return is_negated(cls) or any(site.kind is SiteKind.HIDDEN for site in sites) or caller_may_add(cls, sites)
