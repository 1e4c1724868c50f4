"""Post-activation blocks that activate their branch before it is added: the sum can only grow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import CONVOLUTIONS, NORMS
from nn_lint.model.residual.steps import is_activation
from nn_lint.model.residual.terms import Users, is_plain_sum, users_in
from nn_lint.model.values import Kind, Value, is_residual_sum

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ONE_SIDED = frozenset({"ReLU", "ReLU6", "relu", "relu_", "relu6"})


@dataclass(frozen=True, slots=True)
class EarlyActivation:
    """A branch's activation right before its sum. `follows`: another one stands right behind the sum."""

    node: cst.CSTNode
    total: cst.CSTNode
    follows: bool


def early_activations(cls: ModuleClass) -> Iterator[EarlyActivation]:
    """The activations behind the last norm of a convolutional branch whose result is added as it is to the shortcut."""
    flow = cls.flow
    if flow is None:
        return
    users = users_in(flow)
    for total in flow.values:
        if total.node is None or not is_plain_sum(total) or not is_residual_sum(total) or len(total.operands) != 2:
            continue
        for branch, shortcut in (total.operands, total.operands[::-1]):
            nodes = (branch.node, total.node)
            if branch.node is not None and _is_early(branch, shortcut, users) and all(map(cls.syntax.holds, nodes)):
                follows = any(is_activation(user) for user in users.get(total, ()))
                yield EarlyActivation(branch.node, total.node, follows)


def _is_early(branch: Value, shortcut: Value, users: Users) -> bool:
    """Convolution, convolution, norm and a one-sided activation, used by the sum alone; the shortcut has none."""
    name = branch.layer.torch_name if branch.layer is not None else branch.name
    if name not in _ONE_SIDED or not is_activation(branch) or is_activation(shortcut):
        return False
    before = branch.dependent_operands
    if len(before) != 1 or len(users.get(branch, ())) != 1 or not _is_torch(before[0], NORMS):
        return False
    around = set(shortcut.ancestors())
    convolutions = [item for item in branch.ancestors() if _is_torch(item, CONVOLUTIONS) and item not in around]
    return len(convolutions) > 1


def _is_torch(value: Value, names: frozenset[str]) -> bool:
    return value.kind is Kind.LAYER and value.layer is not None and value.layer.torch_name in names
