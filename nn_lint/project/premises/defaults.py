"""Whether a parameter may have layers as its default."""

from __future__ import annotations

import ast

from nn_lint.project.premises.nodes import nodes
from nn_lint.project.premises.trees import ClassTree


def may_share_default(cls: ClassTree) -> bool:
    """A default that calls something, or an empty list or dict, which the method may fill."""
    return any(
        _may_be_shared(default)
        for method in cls.methods
        for default in (*method.node.args.defaults, *method.node.args.kw_defaults)
        if default is not None
    )


def _may_be_shared(node: ast.expr) -> bool:
    if isinstance(node, (ast.List, ast.Dict)) and not (node.elts if isinstance(node, ast.List) else node.keys):
        return True
    return any(isinstance(item, ast.Call) for item in nodes(node))
