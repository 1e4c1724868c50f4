"""Whether a class may keep a new tensor as a plain attribute that its forward takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nn_lint.project.premises.nodes import assignments, is_attribute_of, last_name, nodes
from nn_lint.project.premises.trees import ClassTree, MethodTree


def may_keep_new_tensor(cls: ClassTree, made: re.Pattern[str]) -> bool:
    """`__init__` gives an attribute that forward takes something with such a call in it, or with a local name.

    What a method of the class makes counts as such a call.
    """
    helpers = {method.name for method in cls.methods if any(_is_made(node, made) for node in method.nodes)}
    kept = {name for method in cls.methods if method.name == "__init__" for name in _kept(method, made, helpers)}
    return any(
        isinstance(node, ast.Attribute) and node.attr in kept
        for method in cls.methods
        if method.name == "forward"
        for node in method.nodes
    )


def _is_made(node: ast.AST, made: re.Pattern[str]) -> bool:
    return isinstance(node, ast.Call) and made.fullmatch(last_name(node.func)) is not None


def _kept(init: MethodTree, made: re.Pattern[str], helpers: set[str]) -> Iterator[str]:
    calls = [
        node
        for node in init.nodes
        if _is_made(node, made)
        or (isinstance(node, ast.Call) and is_attribute_of(node.func, init.receiver) and node.func.attr in helpers)
    ]
    local = {node.id for node in init.nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    if not calls:
        return
    for targets, value in assignments(init.nodes):
        names = [target.attr for target in targets if is_attribute_of(target, init.receiver)]
        inner = set(nodes(value)) if names else set()
        if not inner.isdisjoint(calls) or any(isinstance(item, ast.Name) and item.id in local for item in inner):
            yield from names
