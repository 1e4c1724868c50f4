"""Whether a method has a statement that computes something and drops it."""

from __future__ import annotations

import ast
from collections.abc import Collection

from nn_lint.project.premises.nodes import binds, is_attribute_of, last_name
from nn_lint.project.premises.trees import ClassTree


def may_drop_result(cls: ClassTree, name: str, functions: Collection[str]) -> bool:
    """A statement of the method is an operation, a call of something of its own, or of something of such a name."""
    for method in cls.methods:
        if method.name != name:
            continue
        for node in method.nodes:
            value = node.value if isinstance(node, ast.Expr) else None
            if isinstance(value, ast.BinOp):
                return True
            if isinstance(value, ast.Call):
                func = value.func.value if isinstance(value.func, ast.Subscript) else value.func
                is_own = is_attribute_of(func, method.receiver)
                is_local = isinstance(func, ast.Name) and binds(method.node, func.id)
                if is_own or is_local or last_name(func) in functions:
                    return True
    return False
