"""Whether a method may build a layer only to call it."""

from __future__ import annotations

import ast

from nn_lint.project.premises.trees import ClassTree, MethodTree


def may_call_what_it_builds(cls: ClassTree) -> bool:
    """Outside of `__init__`, the result of a call is called, or a name for it that is used for nothing else.

    In `forward` an attribute may be that name.
    """
    return any(_builds(method) for method in cls.methods if method.name != "__init__") or any(
        _stores(method) for method in cls.methods if method.name == "forward"
    )


def _stores(method: MethodTree) -> bool:
    """Whether a statement of the method itself gives an attribute the result of a call."""
    return any(
        isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Attribute)
        for node in method.node.body
    )


def _builds(method: MethodTree) -> bool:
    called = [node.func for node in method.nodes if isinstance(node, ast.Call)]
    if any(isinstance(func, ast.Call) for func in called):
        return True
    made = {
        node.targets[0].id
        for node in method.nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name)
    }
    read = {node for node in method.nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    otherwise = {node.id for node in read.difference(called)}
    return any(isinstance(func, ast.Name) and func.id in made - otherwise for func in called)
