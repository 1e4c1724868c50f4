"""Whether a method has a statement that computes something and drops it."""

from __future__ import annotations

import ast
from collections.abc import Collection

from nn_lint.project.premises.nodes import binds, is_attribute_of, last_name
from nn_lint.project.premises.trees import ClassTree


def may_drop_result(cls: ClassTree, name: str, functions: Collection[str]) -> bool:
    """A statement of the method is an operation, the call of a submodule, or of a function or method of such a name."""
    for method in cls.methods:
        if method.name != name:
            continue
        owned = {item.name for item in cls.methods}
        for node in method.nodes:
            value = node.value if isinstance(node, ast.Expr) else None
            if isinstance(value, ast.BinOp):
                return True
            if isinstance(value, ast.Call):
                func = value.func.value if isinstance(value.func, ast.Subscript) else value.func
                is_submodule = is_attribute_of(func, method.receiver) and last_name(func) not in owned
                is_local = isinstance(func, ast.Name) and binds(method.node, func.id)
                if is_submodule or is_local or last_name(func) in functions:
                    return True
    return False
