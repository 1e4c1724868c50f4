"""Sums in which something stands twice: a shortcut that is added again where it was added already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.residual.terms import Terms, Users, is_plain_sum, is_projected, same_term, terms, users_in
from nn_lint.model.values import Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class RepeatedTerm:
    """A sum in the text of the class, one side of which brings in a term that another side has already."""

    node: cst.CSTNode
    term: Value


def repeated_terms(cls: ModuleClass) -> Iterator[RepeatedTerm]:
    """The sums of a forward that add a term of theirs a second time, with no layer and no other use in between."""
    flow = cls.flow
    if flow is None:
        return
    users = users_in(flow)
    reached = {item for _, result in flow.returned for item in result.ancestors()}
    for total in flow.values:
        if total in reached and total.node is not None and is_plain_sum(total):
            term = _repeated(total, users)
            if term is not None and cls.syntax.holds(total.node):
                yield RepeatedTerm(total.node, term)


def _repeated(total: Value, users: Users) -> Value | None:
    """The term that stands on two sides, where the sum is one of a shortcut and a branch."""
    sides = [terms(operand, users) for operand in total.operands]
    for index, side in enumerate(sides):
        others = [item for other in sides[index + 1 :] for item in other.always]
        for term in side.always:
            if term.depends and any(same_term(term, item) for item in others) and _has_branch(term, sides):
                return term
    return None


def _has_branch(term: Value, sides: list[Terms]) -> bool:
    """Whether another term is made of what this one is made of, by more layers or by fewer."""
    depths = term.depths()
    rest = [item for side in sides for item in side.every if not same_term(item, term)]
    shared = [(depths[item], depth) for other in rest for item, depth in other.depths().items() if item in depths]
    return any(is_projected(term) or own != other for own, other in shared)
