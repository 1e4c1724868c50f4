"""Whether a class may make a submodule that stores the module it is a part of."""

from __future__ import annotations

import ast

from nn_lint.project.premises.nodes import arguments, is_attribute_of, is_name, nodes
from nn_lint.project.premises.trees import ClassTree, MethodTree


def may_store_itself(cls: ClassTree) -> bool:
    """Some method stores `self`, or what a call makes of it, in an attribute or a container of submodules."""
    return any(_stores(method, method.receiver) for method in cls.methods if method.receiver)


def _stores(method: MethodTree, name: str) -> bool:
    for node in method.nodes:
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Attribute) for target in node.targets):
            if is_name(node.value, name) or (isinstance(node.value, ast.Call) and _is_given(node.value, name)):
                return True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            grows = is_attribute_of(node.func.value, name)
            if grows and any(_is_given(item, name) for item in node.args):
                return True
    return False


def _is_given(node: ast.expr, name: str) -> bool:
    """Whether some call in an expression is given a name."""
    return any(
        is_name(argument, name) for call in nodes(node) if isinstance(call, ast.Call) for argument in arguments(call)
    )
