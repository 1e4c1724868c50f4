"""Shortcuts that are computed and lost, beside a sum that takes the bare input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.discarded import is_thrown_away
from nn_lint.model.expressions import Flow
from nn_lint.model.method import Method
from nn_lint.model.residual.leftovers import PROJECTIONS, raw_sum, reads
from nn_lint.model.syntax import walk
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class LostProjection:
    """`self.downsample(x)` as a statement, or under a name that nobody reads. `total` is the sum of the bare input."""

    statement: cst.Expr | cst.Assign
    call: cst.Call
    total: Value


def lost_projections(cls: ModuleClass) -> Iterator[LostProjection]:
    """The calls of a shortcut submodule on the input whose result nothing takes, where the bare input is added."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or not any(_is_projection(value) for value in flow.values):
        return
    total = raw_sum(cls)
    if total is None or total.node not in set(walk(forward.node)):
        return
    for statement in _lost(cls, forward, flow):
        value = flow.made.get(statement.value)
        if value is None or not isinstance(statement.value, cst.Call) or not _is_projection(value):
            continue
        if all(side in total.operands for side in value.dependent_operands):
            yield LostProjection(statement, statement.value, total)


def _is_projection(value: Value) -> bool:
    """A shortcut submodule on the bare input."""
    given = value.dependent_operands
    return value.kind is Kind.LAYER and value.name in PROJECTIONS and [item.kind for item in given] == [Kind.INPUT]


def _lost(cls: ModuleClass, forward: Method, flow: Flow) -> Iterator[cst.Expr | cst.Assign]:
    """The statements that compute for nobody; those that are seen to be thrown away have a rule of their own."""
    read, own = reads(forward), set(walk(forward.node.body, into_scopes=False))
    for discarded, _ in flow.discarded:
        if discarded in own and not is_thrown_away(cls, flow, discarded):
            yield discarded
    for name, statement, _ in flow.bound:
        if name not in read and statement in own and isinstance(statement, cst.Assign):
            targets = [item.target for item in statement.targets]
            if len(targets) == 1 and isinstance(targets[0], cst.Name):
                yield statement
