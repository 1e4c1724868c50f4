"""Whether a class may call a dropout by function without saying in which mode the module is."""

from __future__ import annotations

import ast
from collections.abc import Collection

from nn_lint.project.premises.nodes import is_attribute_of, last_name
from nn_lint.project.premises.trees import ClassTree


def may_drop_always(cls: ClassTree, functions: Collection[str]) -> bool:
    """A call of a function of such a name that is no submodule and gets no `training`, or the method `train` for it."""
    return any(
        isinstance(node, ast.Call)
        and last_name(node.func) in functions
        and not is_attribute_of(node.func, method.object_name)
        and all(word.arg != "training" or last_name(word.value) == "train" for word in node.keywords)
        for method in cls.methods
        if method.name != "__init__"
        for node in method.nodes
    )
