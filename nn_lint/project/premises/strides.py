"""Whether a class may add a branch and a projection of other strides."""

from __future__ import annotations

import ast

from nn_lint.project.premises.nodes import last_name
from nn_lint.project.premises.trees import ClassTree

_PLACE = 3


def may_differ_in_stride(cls: ClassTree) -> bool:
    """A convolution that is told its stride, and a sum."""
    return any(map(_has_stride, cls.nodes)) and any(
        isinstance(getattr(node, "op", None), ast.Add) for node in cls.nodes
    )


def _has_stride(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or "Conv" not in last_name(node.func):
        return False
    given = [word.value for word in node.keywords if word.arg == "stride"] + node.args[_PLACE : _PLACE + 1]
    return any(not (isinstance(item, ast.Constant) and item.value == 1) for item in given)
