"""What the sums of a class have as sides: a norm's own result, another sum, or a submodule's input and result."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from nn_lint.project.premises.nodes import arguments, last_name, nodes
from nn_lint.project.premises.sums import Run, sides, sums
from nn_lint.project.premises.trees import ClassTree
from nn_lint.project.torch_names import MODULES

_NORM = re.compile(r"norm|ln|bn", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SumSides:
    """What may be, as far as the statements show.

    `norm`: a side is what a norm gave, and not only made of it. `nested`: a side is a sum that nothing else takes, and
    another side may have a term of it. `around`: a submodule's input is added to its result. `layer`: one side is a
    parameter of the method, and another is what a layer of torch, or no submodule, made last.
    """

    norm: bool = True
    nested: bool = True
    around: bool = True
    layer: bool = True


def sum_sides(cls: ClassTree, inherited: Collection[str]) -> SumSides:
    """The sides of the sums of a class. What its own or inherited methods return may be anything that one makes."""
    normed = {*_norm_attributes(cls), *(method.name for method in cls.methods), *inherited}
    adding = {method.name for method in cls.methods if any(map(sides, method.nodes))} | {*inherited}
    layers = {name for name, value in cls.given if any(last_name(item) in MODULES for item in nodes(value))}
    has_norm = is_nested = is_around = has_layer = False
    for run, found in sums(cls):
        if len(found) == 1:
            return SumSides()
        has_norm = has_norm or _has_called(run, found, normed)
        is_nested = is_nested or _is_nested(run, found, adding)
        is_around = is_around or _is_around(run, found)
        has_layer = has_layer or _has_layer(run, found, layers)
        if has_norm and is_nested and is_around and has_layer:
            break
    return SumSides(has_norm, is_nested, is_around, has_layer)


def _has_called(run: Run, found: Sequence[ast.expr], attributes: Collection[str]) -> bool:
    return any(_is_called(run, node, attributes) for side in found for node in run.behind(side, alone=False))


def _is_nested(run: Run, found: Sequence[ast.expr], adding: Collection[str]) -> bool:
    behind = [node for side in found for node in run.behind(side, alone=True)]
    if any(_is_called(run, node, adding) for node in behind):
        return True
    roots = [run.roots(side, terms=True) for side in found] if any(map(sides, behind)) else []
    return len(frozenset().union(*roots)) < sum(map(len, roots))


def _is_around(run: Run, found: Sequence[ast.expr]) -> bool:
    for side in found:
        behind = run.behind(side, alone=True)
        calls = [node for node in behind if isinstance(node, ast.Call) and _is_of_submodule(run, node)]
        if calls:
            added = frozenset[str]().union(*(run.roots(other) for other in found if other is not side))
            if any(added & run.roots(item) for call in calls for item in arguments(call)):
                return True
    return False


def _has_layer(run: Run, found: Sequence[ast.expr], layers: Collection[str]) -> bool:
    parameters = {item.arg for item in nodes(run.method.node.args) if isinstance(item, ast.arg)}
    if all(parameters.isdisjoint(run.roots(side)) for side in found):
        return False
    behind = (node for side in found for node in run.behind(side, alone=False))
    return any(isinstance(node, ast.Call) and run.attribute(node) in {"", *layers} for node in behind)


def _is_called(run: Run, node: ast.expr, attributes: Collection[str]) -> bool:
    """Whether an expression is the call of such an attribute, or of a local name."""
    if not isinstance(node, ast.Call):
        return False
    return run.attribute(node) in attributes or _is_of_local(run, node)


def _is_of_submodule(run: Run, node: ast.Call) -> bool:
    return bool(run.attribute(node)) or _is_of_local(run, node)


def _is_of_local(run: Run, node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id in run.ever


def _norm_attributes(cls: ClassTree) -> Iterator[str]:
    """Attributes that have a norm's name, or are given something in whose expression one stands."""
    yield from (node.attr for node in cls.nodes if isinstance(node, ast.Attribute) and _NORM.search(node.attr))
    yield from (name for name, value in cls.given if any(_NORM.search(last_name(item)) for item in nodes(value)))
