"""Sums of a branch with itself, in whatever way they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.residual.routes import receives_input
from nn_lint.model.residual.terms import is_plain_sum
from nn_lint.model.syntax import walk
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

Sides = tuple[cst.BaseExpression, cst.BaseExpression]


def self_sums(cls: ModuleClass) -> Iterator[Value]:
    """Sums of a value with itself, after it is no longer the bare input."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or receives_input(cls):
        return
    own = set(walk(forward.node))
    for value in flow.values:
        if is_plain_sum(value) and value.node in own and len(value.operands) == 2:
            first, second = value.operands
            if first is second and first.depends and first.kind is not Kind.INPUT and _adds_one_name(value.node):
                yield value


def _adds_one_name(node: cst.CSTNode | None) -> bool:
    """`x + x`, `x += x`, `torch.add(x, x)`: written with one name."""
    sides = sides_of(node)
    if sides is None:
        return False
    left, right = sides
    return isinstance(left, cst.Name) and isinstance(right, cst.Name) and left.value == right.value


def sides_of(node: cst.CSTNode | None) -> Sides | None:
    """The two operands of a sum as they are written; `None` where there are more, or where a keyword names one."""
    if isinstance(node, cst.BinaryOperation):
        return node.left, node.right
    if isinstance(node, cst.AugAssign) and isinstance(node.target, cst.BaseExpression):
        return node.target, node.value
    return _arguments(node) if isinstance(node, cst.Call) else None


def _arguments(call: cst.Call) -> Sides | None:
    """The operands of `torch.add(x, y)`, `x.add_(y)` and `sum([x, y])`."""
    if any(item.keyword is not None or item.star for item in call.args):
        return None
    given = [item.value for item in call.args]
    if len(given) == 2:
        return given[0], given[1]
    if len(given) == 1 and isinstance(given[0], (cst.List, cst.Tuple)):
        listed = [item.value for item in given[0].elements if isinstance(item, cst.Element)]
        return (listed[0], listed[1]) if len(listed) == 2 else None
    return (call.func.value, given[0]) if len(given) == 1 and isinstance(call.func, cst.Attribute) else None
