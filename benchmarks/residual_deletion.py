"""Deleting the terms of sums from the tree of a class."""

from __future__ import annotations

import libcst as cst
from residual_sums import ResidualSum, call_terms


class WithoutSums(cst.CSTTransformer):
    """Leaves the dropped terms of sums out; a sum of one term becomes that term."""

    def __init__(self, sums: list[ResidualSum]) -> None:
        super().__init__()
        self._dropped = {term for found in sums for term in found.dropped}
        self._calls = {found.root: found for found in sums if isinstance(found.root, cst.Call)}

    def leave_BinaryOperation(  # noqa: N802
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        """`x + f(x)` becomes `f(x)`, in the parentheses that stood around it."""
        left, right = original_node.left in self._dropped, original_node.right in self._dropped
        if not isinstance(original_node.operator, cst.Add) or not (left or right):
            return updated_node
        if left and right:
            self._dropped.add(original_node)
            return updated_node
        return _enclosed(updated_node, updated_node.right if left else updated_node.left)

    def leave_AugAssign(  # noqa: N802
        self, original_node: cst.AugAssign, updated_node: cst.AugAssign
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        """`out += x` disappears; `x += f(x)` becomes `x = f(x)`."""
        if original_node.value in self._dropped:
            return cst.RemoveFromParent()
        if original_node.target in self._dropped:
            return cst.Assign([cst.AssignTarget(updated_node.target)], updated_node.value)
        return updated_node

    def leave_Assign(  # noqa: N802
        self, original_node: cst.Assign, updated_node: cst.Assign
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        """`out = out + x` would become `out = out`."""
        target, value = updated_node.targets[0].target, updated_node.value
        changed = not isinstance(original_node.value, cst.Name)
        if changed and len(updated_node.targets) == 1 and isinstance(value, cst.Name) and value.deep_equals(target):
            return cst.RemoveFromParent()
        return updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802
        """`torch.add(x, f(x))` becomes `f(x)`."""
        if original_node not in self._calls:
            return updated_node
        pairs = zip(call_terms(original_node), call_terms(updated_node))
        kept = [new for old, new in pairs if old not in self._dropped]
        if len(kept) == 1 and isinstance(kept[0], cst.BaseExpression):
            return _enclosed(updated_node, kept[0])
        listed = updated_node.args[0].value
        if not isinstance(listed, (cst.List, cst.Tuple)):
            return updated_node
        elements = [element for element in listed.elements if element.value in kept]
        return updated_node.with_changes(
            args=[updated_node.args[0].with_changes(value=listed.with_changes(elements=elements))]
        )


def _enclosed(outer: cst.BaseExpression, inner: cst.BaseExpression) -> cst.BaseExpression:
    """An expression with the parentheses of the one in whose place it comes."""
    if isinstance(inner, cst.Name) or not outer.lpar:
        return inner
    return inner.with_changes(lpar=[*outer.lpar, *inner.lpar], rpar=[*inner.rpar, *outer.rpar])
