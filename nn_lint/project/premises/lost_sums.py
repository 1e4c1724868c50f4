"""Whether forward may compute a sum that nothing takes, or save its input for nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from nn_lint.project.premises.nodes import assignments, last_name, nodes
from nn_lint.project.premises.trees import ClassTree, MethodTree

_LEAVING = (ast.Return, ast.Raise)
_CALLED = frozenset({"add", "downsample", "shortcut"})
_BLOCKS = ("body", "orelse", "finalbody")


def may_lose_sum(cls: ClassTree) -> bool:
    """A sum as a statement of its own or behind a `return`, or a local name that is never read again."""
    return any(_may_lose_sum(method) for method in cls.methods if method.name == "forward")


def _may_lose_sum(method: MethodTree) -> bool:
    if any(isinstance(node, ast.Expr) and _is_sum(node.value) for node in method.nodes):
        return True
    return (
        any(_is_unread(method))
        or any(_is_replaced_copy(method))
        or any(_ends_in_sum(method))
        or any(map(_adds_or_plus, _unreachable(method)))
    )


def _is_sum(node: ast.expr) -> bool:
    return isinstance(node, (ast.BinOp, ast.Compare, ast.UnaryOp)) or (
        isinstance(node, ast.Call) and last_name(node.func) in _CALLED
    )


def _is_unread(method: MethodTree) -> Iterator[bool]:
    """For each assignment to names, whether one of them is never read.

    Parts of a tuple count only where they are given one by one or hold a sum.
    """
    read = {node.id for node in method.nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    read |= {node.target.id for node in method.nodes if isinstance(node, ast.AugAssign) and _is_plain(node.target)}
    yield from (node.target.id not in read for node in method.nodes if isinstance(node, ast.NamedExpr))
    for targets, value in assignments(method.nodes):
        for target in targets:
            if _is_plain(target):
                yield target.id not in read
            elif isinstance(value, ast.Tuple) or _adds(value):
                yield any(_is_plain(part) and part.id not in read for part in nodes(target))


def _ends_in_sum(method: MethodTree) -> Iterator[bool]:
    """For each sum that goes to a name, whether no later row reads it; and for each `=+`, that it is one."""
    last: dict[str, int] = {}
    for node in method.nodes:
        if isinstance(node, ast.Name):
            last[node.id] = max(node.lineno, last.get(node.id, 0))
    for targets, value in assignments(method.nodes):
        yield isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.UAdd)
        yield _adds(value) and any(_is_plain(item) and last[item.id] == item.lineno for item in targets)


def _is_replaced_copy(method: MethodTree) -> Iterator[bool]:
    """For each name that a name is assigned to, whether the next mention of it, if any, is an assignment again."""
    mentioned = sorted(
        (node for node in method.nodes if isinstance(node, ast.Name)), key=lambda node: (node.lineno, node.col_offset)
    )
    for node in method.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and _is_plain(node.targets[0]):
            target = node.targets[0]
            later = mentioned[mentioned.index(target) + 1 :]
            following = next((item for item in later if item.id == target.id), None)
            yield following is None or isinstance(following.ctx, ast.Store)


def _is_plain(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name)


def _adds(root: ast.AST) -> bool:
    return any(isinstance(getattr(node, "op", None), ast.Add) or last_name(node) == "add" for node in nodes(root))


def _adds_or_plus(root: ast.AST) -> bool:
    return _adds(root) or any(isinstance(getattr(node, "op", None), ast.UAdd) for node in nodes(root))


def _unreachable(method: MethodTree) -> Iterator[ast.stmt]:
    """The statements that stand behind one that leaves the method, in its own block."""
    for node in method.nodes:
        for name in _BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list):
                places = [place for place, item in enumerate(block) if _leaves(item)]
                yield from block[places[0] + 1 :] if places else ()


def _leaves(node: ast.AST) -> bool:
    """Whether nothing behind a statement may run; in doubt it leaves."""
    if isinstance(node, ast.If):
        return _ends(node.body) and _ends(node.orelse)
    if isinstance(node, (ast.With, ast.Try, ast.For, ast.While, ast.Match)):
        return any(isinstance(inner, _LEAVING) for inner in nodes(node))
    return isinstance(node, _LEAVING)


def _ends(block: Sequence[ast.stmt]) -> bool:
    return any(map(_leaves, block))
