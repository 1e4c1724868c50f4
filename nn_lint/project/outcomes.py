"""What becomes of an instance where it is made: stacked, kept as an attribute, or handed out of sight."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import Enum

from nn_lint.project.extract import dotted

Scope = tuple[ast.AST, ...]
"""A node with all nodes around it, outermost first."""
_CONTAINERS = ("Sequential", "ModuleList", "append", "extend", "insert", "add_module", "register_module")


class SiteKind(Enum):
    """What happens to the class, or to an instance, where it is named."""

    STACKED = "an element of a list, a Sequential or an append"
    ATTRIBUTE = "assigned to an attribute"
    PASSED = "the class itself is handed to a method that builds layers, or to the constructor of a network"
    ALIASED = "the class gets another name, or stands in a table or as a default"
    SUBCLASSED = "a base of another class"
    NEUTRAL = "a type check, an annotation, an instance at module level or in a test"
    HIDDEN = "returned, wrapped, or handed to something that cannot be followed"


def outcome(chain: Scope, *, in_code: bool, follows_names: bool = True) -> SiteKind:
    """What becomes of an instance: the first node around it that decides. A second local name is out of sight."""
    child = chain[-1]
    for node in reversed(chain[:-1]):
        if isinstance(node, (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp)):
            return SiteKind.STACKED
        if isinstance(node, ast.Call):
            name = dotted(node.func).split(".")[-1]
            if child is node.func or isinstance(child, ast.Attribute):
                return SiteKind.HIDDEN if in_code else SiteKind.NEUTRAL
            return SiteKind.STACKED if name in _CONTAINERS else SiteKind.HIDDEN if in_code else SiteKind.NEUTRAL
        if isinstance(node, ast.Assign):
            if all(isinstance(target, ast.Attribute) for target in node.targets):
                return SiteKind.ATTRIBUTE
            if all(isinstance(target, ast.Subscript) for target in node.targets):
                return SiteKind.STACKED
            if not in_code:
                return SiteKind.NEUTRAL
            return _of_local(node, chain) if follows_names else SiteKind.HIDDEN
        if isinstance(node, (ast.Return, ast.Yield, ast.Lambda)):
            return SiteKind.HIDDEN
        if isinstance(node, ast.AugAssign):
            return SiteKind.STACKED
        if isinstance(node, ast.stmt):
            break
        child = node
    return SiteKind.HIDDEN if in_code else SiteKind.NEUTRAL


def _of_local(assignment: ast.Assign, chain: Scope) -> SiteKind:
    """What becomes of an instance that gets a local name: all uses of it must be seen, and come to the same."""
    target = assignment.targets[0]
    functions = [node for node in chain if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if len(assignment.targets) > 1 or not isinstance(target, ast.Name) or not functions:
        return SiteKind.HIDDEN
    outer = chain[: chain.index(functions[-1])]
    uses = _reads_of(target.id, functions[-1])
    kinds = {outcome((*outer, *use), in_code=True, follows_names=False) for use in uses}
    return kinds.pop() if len(kinds) == 1 else SiteKind.HIDDEN


def _reads_of(name: str, function: ast.AST) -> Iterator[Scope]:
    """The places where a function reads a name, with the nodes around them."""
    pending: list[Scope] = [(function,)]
    while pending:
        chain = pending.pop()
        if is_read(chain[-1], name):
            yield chain
        pending.extend((*chain, child) for child in ast.iter_child_nodes(chain[-1]))


def is_read(node: ast.AST, name: str) -> bool:
    """Whether a node is a read of a name."""
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def calls_of(name: str, function: ast.FunctionDef) -> Iterator[Scope]:
    """The calls of a name in a function, with the nodes around them and the name itself."""
    pending: list[Scope] = [(function,)]
    while pending:
        chain = pending.pop()
        node = chain[-1]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield (*chain, node.func)
        pending.extend((*chain, child) for child in ast.iter_child_nodes(node))
