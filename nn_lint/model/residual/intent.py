"""Whether a block that does not add its input is meant to: the evidence weighed, and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Severity
from nn_lint.model.residual import evidence
from nn_lint.model.residual.block import Block, shortcutless_block
from nn_lint.model.residual.callers import caller_may_add
from nn_lint.model.residual.leftovers import lost_sums
from nn_lint.model.residual.names import STOCHASTIC_DEPTH
from nn_lint.model.residual.signs import Candidate, Sign, signs
from nn_lint.model.residual.slips import slips
from nn_lint.model.residual.unseen import may_add_unseen
from nn_lint.model.values import Kind
from nn_lint.project.outcomes import SiteKind

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class Intent:
    """A block, why it is taken for residual, and how far that goes.

    `place` is the call behind which the addition is missing, where it is not all of `forward`.
    """

    block: Block

    reason: str
    severity: Severity
    place: cst.CSTNode | None = None


def residual_intent(cls: ModuleClass) -> Intent | None:
    """The signs that a block is meant to be residual, weighed; `None` where a doubt speaks against it.

    Where a sum is written and lost, the statement that loses it is the fault.
    """
    block = shortcutless_block(cls)
    if block is None or block.weighted < _least_weights(block) or evidence.is_negated(cls):
        return None
    sites = evidence.sites_of(cls)
    found = tuple(signs(Candidate(cls, block, sites)))
    if any(value.kind is Kind.CONCATENATE for value in block.stream.values):
        found = tuple(sign for sign in found if sign.is_strong)
    is_closed = not any(site.kind is SiteKind.HIDDEN for site in sites) and not caller_may_add(cls, sites)
    if may_add_unseen(cls, sites) or not (is_closed or any(sign.is_inherent for sign in found)):
        return None
    severity = _weigh(found, is_visible=is_closed and evidence.are_visible(sites), is_used=bool(sites))
    if severity is None or any(lost_sums(cls)) or any(slips(cls)):
        return None
    reason = "; ".join((*(sign.text for sign in found), f"{block.weighted} layers with weights, and nothing is added"))
    place = next((sign.place for sign in found if sign.place is not None), None)
    return Intent(block, reason, severity, place)


def _weigh(found: Sequence[Sign], *, is_visible: bool, is_used: bool) -> Severity | None:
    """A strong sign makes an error where the uses of the class can be seen, and a warning where they cannot.

    Weak signs count only where no use is out of sight: several make a warning, one alone a suspicion, that only where
    some use is seen.
    """
    if found and found[0].is_strong:
        return Severity.ERROR if is_visible else Severity.WARNING
    if len(found) > 1 and (is_visible or not is_used):
        return Severity.WARNING
    return Severity.SUSPICION if found and is_visible else None


def _least_weights(block: Block) -> int:
    """How many layers with weights make a block; a branch that drops out as a whole needs but one."""
    return 1 if any(STOCHASTIC_DEPTH.fullmatch(value.name) for value in block.stream.values) else 2
