"""What a class reads and stores, by CPython's parser: which locals are dead, and which attributes are taken."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Uses:
    """What a class reads and stores: `dead` are the locals, by method and name, that are assigned and never needed;
    `read` the attributes that it takes of `self`."""

    dead: frozenset[tuple[str, str]]
    read: frozenset[str]


def uses(source: str) -> Uses:
    """The uses in the class of a slice of a file."""
    node = next(item for item in ast.walk(ast.parse(source)) if isinstance(item, ast.ClassDef))
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    return Uses(
        frozenset((method.name, name) for method in methods for name in _dead_in(method)),
        frozenset(
            item.attr
            for item in ast.walk(node)
            if isinstance(item, ast.Attribute) and isinstance(item.ctx, ast.Load) and _is_self(item.value)
        ),
    )


def _dead_in(method: ast.FunctionDef) -> set[str]:
    """The locals that nothing needs: what only such locals are made of is dead too."""
    made_of: dict[str, set[str]] = {}
    inside: set[int] = set()
    for item in ast.walk(method):
        name = _only_target(item)
        if name is not None:
            loads = list(_loads(getattr(item, "value", None)))
            inside.update(map(id, loads))
            made_of.setdefault(name, set()).update(load.id for load in loads)
    pending = {load.id for load in _loads(method) if id(load) not in inside}
    live: set[str] = set()
    while pending:
        name = pending.pop()
        live.add(name)
        pending |= made_of.get(name, set()) - live
    return made_of.keys() - live


def _only_target(node: ast.AST) -> str | None:
    """The local that a statement assigns, where it is the only thing that it does."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        target = node.target
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None


def _loads(node: ast.AST | None) -> Iterator[ast.Name]:
    for item in ast.walk(node) if node is not None else ():
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load):
            yield item


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
