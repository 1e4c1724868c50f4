"""Whether one layer of a class may stand in several places of a container."""

from __future__ import annotations

import ast

from nn_lint.project.premises.nodes import arguments, binds, is_name, last_name, nodes
from nn_lint.project.premises.trees import ClassTree

_CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})


def may_repeat(cls: ClassTree) -> bool:
    """A list is multiplied, a loop that counts hands on a name that it does not bind, or a call has a name twice.

    `dict.fromkeys` gives one value to all keys too, and an assignment may give one to two attributes.
    """
    return any(map(_repeats, cls.nodes))


def _repeats(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mult) and any(isinstance(side, ast.List) for side in (node.left, node.right))
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        if isinstance(node.elt, ast.Attribute):
            return _counts(node.generators[0].iter)
        return isinstance(node.elt, ast.Name) and _counts(node.generators[0].iter) and not binds(node, node.elt.id)
    if isinstance(node, ast.Assign):
        is_made = isinstance(node.value, ast.Call)
        return is_made and sum(isinstance(target, ast.Attribute) for target in node.targets) > 1
    if isinstance(node, ast.For):
        return _counts(node.iter) and any(_appends_outer(call, node) for call in nodes(node))
    return isinstance(node, ast.Call) and (last_name(node.func) == "fromkeys" or _has_twice(node))


def _counts(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and is_name(node.func, "range")


def _appends_outer(call: ast.AST, loop: ast.For) -> bool:
    """`layers.append(layer)`, where the loop does not make the layer."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append"):
        return False
    item = call.args[0] if len(call.args) == 1 else None
    return isinstance(item, ast.Name) and not binds(loop, item.id)


def _has_twice(call: ast.Call) -> bool:
    """`nn.Sequential(fc, act, fc)`, or the same in a list."""
    if last_name(call.func) not in _CONTAINERS:
        return False
    names: list[str] = []
    for argument in arguments(call):
        items = argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]
        names.extend(item.id for item in items if isinstance(item, ast.Name))
    return len(set(names)) < len(names)
