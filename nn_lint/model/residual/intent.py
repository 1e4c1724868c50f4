"""Whether a block that does not add its input is meant to: the evidence weighed, and said in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import CONVOLUTIONS
from nn_lint.model.residual import evidence
from nn_lint.model.residual.evidence import StraightChain
from nn_lint.model.residual.transformer import attention_chain, resembles_transformer
from nn_lint.project.sites import SiteKind

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_UNUSED = frozenset({SiteKind.NEUTRAL, SiteKind.SUBCLASSED})


@dataclass(frozen=True, slots=True)
class Intent:
    """Why a block is taken for residual. `chain` is absent for transformer blocks; `is_certain` makes it an error.

    `place` is the call behind which the addition is missing, where it is not all of `forward`.
    """

    reason: str
    is_certain: bool
    chain: StraightChain | None
    place: cst.CSTNode | None = None


def may_be_residual(cls: ModuleClass) -> bool:
    """Whether anything but the code of `forward` speaks for a residual block; no libcst is needed to say no."""
    return evidence.is_named_residual(cls) or resembles_transformer(cls) or evidence.has_stacker_near(cls)


def residual_intent(cls: ModuleClass) -> Intent | None:
    """The strongest evidence that a straight block is meant to be residual; `None` where a doubt speaks against it."""
    if evidence.merges_input(cls) or evidence.is_negated(cls):
        return None
    return _transformer(cls) or _plain_chain(cls)


def _transformer(cls: ModuleClass) -> Intent | None:
    parts = attention_chain(cls)
    if not parts:
        return None
    sites = evidence.sites_of(cls)
    if any(site.kind is SiteKind.HIDDEN for site in sites) or evidence.caller_may_add(cls, sites):
        return None
    said = ", ".join(f"`{part.name}`" for part in parts)
    return Intent(
        f"{said} follow one another as in a transformer block, and nothing is added", True, None, parts[0].node
    )


def _plain_chain(cls: ModuleClass) -> Intent | None:
    chain = evidence.straight_chain(cls)
    if chain is None or not chain.is_plain or len(chain.weighted) < 2:
        return None
    named = evidence.is_named_residual(cls)
    sites = evidence.sites_of(cls)
    stacker = evidence.stacked_by_resnet(cls, sites)
    if not (named or stacker) or evidence.caller_may_add(cls, sites):
        return None
    layers = f"{len(chain.weighted)} layers with weights in one straight path"
    convolutions = sum(layer.torch_name in CONVOLUTIONS for layer in chain.weighted)
    if stacker is not None and convolutions >= 2 and evidence.are_plain(sites):
        return Intent(f"`{stacker.facts.name}` stacks it; {layers}", True, chain)
    if named and evidence.are_visible(sites):
        return Intent(f"its name says so; {layers}", True, chain)
    if named and {site.kind for site in sites} <= _UNUSED:
        return Intent(f"its name says so, though nothing here uses it; {layers}", False, chain)
    return None
