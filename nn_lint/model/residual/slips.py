"""Sums that a slip of the pen keeps from being one: `out =+ identity`, and `+ identity` on a row of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.expressions import Flow
from nn_lint.model.method import Method
from nn_lint.model.syntax import simple_statements, walk

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ENDING = (cst.Return, cst.Assign, cst.AnnAssign)


@dataclass(frozen=True, slots=True)
class Slip:
    """A statement that was meant as a sum. `before`: the one that it continues, where it stands on a row of its own."""

    statement: cst.CSTNode
    before: cst.CSTNode | None


def slips(cls: ModuleClass) -> Iterator[Slip]:
    """The unary plusses of a forward in the place of additions."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or not any(map(_is_plus, walk(forward.node.body, cst.UnaryOperation))):
        return
    for statements in _suites(forward):
        for before, statement in pairwise(statements):
            if isinstance(statement, cst.Expr) and isinstance(before, _ENDING) and _begins_with_plus(statement.value):
                if before.value is not None and _may_be_tensor(statement, flow):
                    yield Slip(statement, before)
            elif isinstance(statement, cst.Assign) and _drops_the_old_value(cls, flow, statement):
                yield Slip(statement, None)


def _suites(forward: Method) -> Iterator[Sequence[cst.CSTNode]]:
    """The statements of each block, nested functions left out."""
    yield tuple(simple_statements(forward.node.body))
    for block in walk(forward.node.body, cst.IndentedBlock, into_scopes=False):
        if block is not forward.node.body and isinstance(block, cst.IndentedBlock):
            yield tuple(simple_statements(block))


def _begins_with_plus(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.BinaryOperation) and not node.lpar:
        node = node.left
    return _is_plus(node)


def _is_plus(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Plus) and not node.lpar


def _may_be_tensor(statement: cst.Expr, flow: Flow) -> bool:
    """What is made of the inputs; behind a `return` nothing is known, and nothing is made."""
    value = flow.made.get(statement.value)
    return value.depends if value is not None else statement in flow.unreachable


def _drops_the_old_value(cls: ModuleClass, flow: Flow, statement: cst.Assign) -> bool:
    """`out =+ x` where `out` held something made of the inputs, and not `x`."""
    target = statement.targets[0].target
    value = flow.made.get(statement.value)
    if len(statement.targets) != 1 or not isinstance(target, cst.Name) or not _is_plus(statement.value):
        return False
    if value is None or not value.depends:
        return False
    held = [item for name, place, item in flow.bound if name == target.value and cls.syntax.precedes(place, statement)]
    return bool(held) and held[-1].depends and held[-1] is not value
