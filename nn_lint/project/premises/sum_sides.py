"""Whether a sum of a class may have a norm's own result as a side, or another sum."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from nn_lint.project.premises.nodes import arguments, last_name, methods, nodes
from nn_lint.project.premises.sums import Run, any_sum, sides

_NORM = re.compile(r"norm|ln|bn", re.IGNORECASE)


def may_add_norm(cls: ast.ClassDef, inherited: Collection[str]) -> bool:
    """Whether a sum may have the result of a norm as a side, and not only what was made of it.

    Of the methods of the class and those that it inherits any may return one, and so may a local name that is called.
    """
    suspects = {*_norm_attributes(cls), *(method.name for method in methods(cls)), *inherited}

    def is_normed(run: Run, found: tuple[ast.expr, ...]) -> bool:
        behind = (node for side in found for node in run.behind(side, alone=False))
        return any(_is_called(run, node, suspects) for node in behind)

    return any_sum(cls, is_normed)


def may_add_twice(cls: ast.ClassDef, inherited: Collection[str]) -> bool:
    """Whether a sum may have a sum as a side that nothing else takes, and a term of that on another side too."""
    adding = {method.name for method in methods(cls) if any(sides(node) for node in nodes(method))} | {*inherited}

    def is_nested(run: Run, found: tuple[ast.expr, ...]) -> bool:
        behind = [node for side in found for node in run.behind(side, alone=True)]
        if any(_is_called(run, node, adding) for node in behind):
            return True
        roots = [run.roots(side, terms=True) for side in found] if any(map(sides, behind)) else []
        return len(frozenset().union(*roots)) < sum(map(len, roots))

    return any_sum(cls, is_nested)


def may_add_around(cls: ast.ClassDef) -> bool:
    """Whether a sum may add to the result of a submodule what the submodule was given as it is."""

    def is_around(run: Run, found: tuple[ast.expr, ...]) -> bool:
        for side in found:
            added = frozenset[str]().union(*(run.roots(other) for other in found if other is not side))
            calls = (
                call for call in run.behind(side, alone=True) if isinstance(call, ast.Call) and run.attribute(call)
            )
            if any(added & run.roots(item) for call in calls for item in arguments(call)):
                return True
        return False

    return any_sum(cls, is_around)


def _is_called(run: Run, node: ast.expr, attributes: Collection[str]) -> bool:
    """Whether an expression is the call of such an attribute, or of a local name."""
    if not isinstance(node, ast.Call):
        return False
    return run.attribute(node) in attributes or (isinstance(node.func, ast.Name) and node.func.id in run.ever)


def _norm_attributes(cls: ast.ClassDef) -> Iterator[str]:
    """Attributes that have a norm's name, or are given something in whose expression one stands."""
    for node in nodes(cls):
        if isinstance(node, ast.Attribute) and _NORM.search(node.attr):
            yield node.attr
        elif isinstance(node, ast.Assign) and any(_NORM.search(last_name(item)) for item in nodes(node.value)):
            yield from (target.attr for target in node.targets if isinstance(target, ast.Attribute))
