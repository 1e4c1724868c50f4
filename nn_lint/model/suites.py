"""Which nodes of a method run whenever others do: the conditions around each."""

from __future__ import annotations

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.syntax import children


class Suites:
    """The conditional pieces around every node of a method. The body of a `for` counts as run at least once."""

    def __init__(self, method: Method) -> None:
        self._around: dict[cst.CSTNode, tuple[cst.CSTNode, ...]] = {}
        pending: list[tuple[cst.CSTNode, tuple[cst.CSTNode, ...]]] = [(method.node.body, ())]
        while pending:
            node, around = pending.pop()
            self._around[node] = around
            conditional = _conditional_children(node)
            pending.extend((child, (*around, child) if child in conditional else around) for child in children(node))

    def __contains__(self, node: object) -> bool:
        return node in self._around

    def around(self, node: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
        """The conditional pieces around a node of this method, outermost first."""
        return self._around[node]

    def is_unconditional(self, node: cst.CSTNode | None) -> bool:
        """Whether a node stands in this method under no condition at all."""
        return node is not None and self._around.get(node) == ()

    def runs_with(self, first: cst.CSTNode | None, second: cst.CSTNode | None) -> bool:
        """Whether all conditions around the first hold where the second runs; both stand in this method."""
        if first not in self._around or second not in self._around:
            return False
        around = self._around[first]
        return self._around[second][: len(around)] == around


def _conditional_children(node: cst.CSTNode) -> tuple[cst.CSTNode | None, ...]:
    if isinstance(node, (cst.If, cst.While)):
        return (node.body, node.orelse)
    if isinstance(node, (cst.Try, cst.TryStar)):
        return (node.body, *node.handlers, node.orelse)
    if isinstance(node, cst.For):
        return (node.orelse,)
    if isinstance(node, cst.IfExp):
        return (node.body, node.orelse)
    if isinstance(node, cst.BooleanOperation):
        return (node.right,)
    if isinstance(node, (cst.FunctionDef, cst.Lambda)):
        return (node.body,)
    if isinstance(node, cst.Match):
        return tuple(node.cases)
    return (node.elt,) if isinstance(node, (cst.ListComp, cst.GeneratorExp, cst.SetComp)) else ()
