"""The names of what each attribute of a class may be made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from nn_lint.project.premises.nodes import last_name, nodes
from nn_lint.project.premises.trees import ClassTree, asked_once

_GROWING = frozenset({"append", "extend", "insert", "add_module", "register_module"})


@asked_once
def names_of_parts(cls: ClassTree) -> Mapping[str, frozenset[str]]:
    """Attributes to all that is called where they are assigned or grow.

    What is assigned by way of a local name may be made of anything that the class calls.
    """
    found: dict[str, set[str]] = {}
    for name, value in _filled(cls):
        found.setdefault(name, set()).update(_called(value))
        if any(isinstance(node, ast.Name) and node.id in cls.local_names for node in nodes(value)):
            found[name] |= cls.called_names
    return {name: frozenset(words) for name, words in found.items()}


def _filled(cls: ClassTree) -> Iterator[tuple[str, ast.AST]]:
    yield from cls.given
    for node in cls.nodes:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            yield node.target.attr, node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROWING:
            yield last_name(node.func.value), node


def _called(root: ast.AST) -> Iterator[str]:
    return (last_name(node.func) for node in nodes(root) if isinstance(node, ast.Call))
