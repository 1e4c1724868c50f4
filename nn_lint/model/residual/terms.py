"""A value as a sum: the terms that are added up in it, each with the number of times that it stands in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import libcst as cst

from nn_lint.model.expressions import Flow
from nn_lint.model.residual.names import SHORTCUT_ATTRIBUTE
from nn_lint.model.residual.steps import is_passive, settled
from nn_lint.model.values import Kind, Value

Users = dict[Value, set[Value]]

_ADDITIONS = frozenset({"add", "add_"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What is added up in a value: `always`, as often as it stands there, or only in some case of a condition."""

    always: tuple[Value, ...]
    sometimes: tuple[Value, ...] = ()

    @property
    def every(self) -> tuple[Value, ...]:
        """All of them."""
        return (*self.always, *self.sometimes)


def users_in(flow: Flow) -> Users:
    """The values that take each value, as far as they reach a result."""
    reached = {item for _, result in flow.returned for item in result.ancestors()}
    users: Users = {}
    for value in reached:
        for operand in value.operands:
            users.setdefault(operand, set()).add(value)
    return users


def is_plain_sum(value: Value) -> bool:
    """A sum without factors: `+`, `+=`, `torch.add` without `alpha`, `sum([...])`; no sum over a dimension."""
    if value.kind is not Kind.ADD:
        return False
    node = value.node
    if not isinstance(node, cst.Call):
        return isinstance(node, (cst.BinaryOperation, cst.AugAssign))
    if any(item.keyword is not None and item.keyword.value == "alpha" for item in node.args):
        return False
    return value.name in _ADDITIONS or (value.name == "sum" and isinstance(node.func, cst.Name))


def terms(value: Value, users: Users) -> Terms:
    """What a value is the sum of, where only one other value takes it; else it was made for its own sake: one term."""
    inner, has_one_user = value, len(users.get(value, ())) <= 1
    while has_one_user and is_passive(inner):
        inner = inner.dependent_operands[0]
        has_one_user = len(users.get(inner, ())) <= 1
    if has_one_user and is_plain_sum(inner):
        sides = [terms(operand, users) for operand in inner.operands]
        return Terms(
            tuple(item for side in sides for item in side.always),
            tuple(item for side in sides for item in side.sometimes),
        )
    if has_one_user and inner.kind is Kind.CHOICE and not _is_grown(inner):
        return _chosen([terms(item, users) for item in inner.operands])
    return Terms((settled(value),))


def _chosen(cases: Sequence[Terms]) -> Terms:
    """The terms that all cases of a condition have, and the others."""
    common = reduce(lambda one, other: one & other, (Counter(case.always) for case in cases))
    others = dict.fromkeys(item for case in cases for item in case.every if item not in common)
    return Terms(tuple(common.elements()), tuple(others))


def _is_grown(choice: Value) -> bool:
    """Whether an alternative is made of another, as after a loop."""
    return any(
        first is not second and first in set(second.ancestors())
        for first in choice.operands
        for second in choice.operands
    )


def same_term(first: Value, second: Value) -> bool:
    """One value, or one shortcut submodule called twice on one value."""
    if first is second:
        return True
    called_twice = first.name == second.name and first.operands == second.operands
    return called_twice and is_projected(first) and is_projected(second)


def is_projected(value: Value) -> bool:
    """Whether a value was made by a submodule that has the name of a shortcut."""
    return value.kind is Kind.LAYER and SHORTCUT_ATTRIBUTE.fullmatch(value.name) is not None
