"""Whether a class may store what it computed from a parameter in the parameter's place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nn_lint.project.premises.nodes import assignments, last_name
from nn_lint.project.premises.trees import ClassTree


def may_cast_away(cls: ClassTree) -> bool:
    """Something is assigned that is computed from a call of `Parameter`, or from what such a call was given to."""
    found = tuple(assignments(cls.nodes))
    named = {last_name(target) for targets, value in found if _is_parameter(value) for target in targets}
    return any(
        _is_parameter(root) or last_name(root) in named
        for _, value in found
        for root in _roots(value)
        if root is not value
    )


def _is_parameter(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) == "Parameter"


def _roots(node: ast.expr) -> Iterator[ast.expr]:
    """What calls of methods, functions of torch and arithmetic are applied to, and all on the way."""
    yield node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _is_parameter(node):
        yield from _roots(node.func.value)
        yield from _roots(node.args[0]) if node.args else ()
    elif isinstance(node, ast.Attribute):
        yield from _roots(node.value)
    elif isinstance(node, ast.BinOp):
        yield from _roots(node.left)
        yield from _roots(node.right)
    elif isinstance(node, ast.UnaryOp):
        yield from _roots(node.operand)
