"""Which attributes a forward both reads and sets."""

from __future__ import annotations

import ast

from nn_lint.project.premises.nodes import is_attribute_of
from nn_lint.project.premises.trees import ClassTree


def may_carry_state(cls: ClassTree) -> bool:
    """Whether forward sets an attribute of `self` that it reads as well."""
    for method in cls.methods:
        if method.name == "forward":
            found = [node for node in method.nodes if is_attribute_of(node, method.receiver)]
            stored = {node.attr for node in found if isinstance(node.ctx, ast.Store)}
            if any(node.attr in stored for node in found if isinstance(node.ctx, ast.Load)):
                return True
    return False
