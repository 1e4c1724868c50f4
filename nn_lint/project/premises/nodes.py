"""Walking CPython's tree, and the few questions that several premises ask of a node."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard

_LEAVES = frozenset({ast.Constant, ast.Name, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.MatchSingleton})
_WORDS = frozenset("ctx op ops attr arg name type_comment conversion simple is_async rest kwd_attrs lineno tag".split())
_FIELDS = {
    kind: () if kind in _LEAVES else tuple(name for name in kind._fields if name not in _WORDS)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""The fields of each kind of node that hold nodes."""


def nodes(root: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, in no certain order, without operators, contexts and imported names."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        for name in _FIELDS[node.__class__]:
            value = getattr(node, name)
            if value.__class__ is list:
                pending.extend(value if None not in value else filter(None, value))
            elif value is not None:
                pending.append(value)


def last_name(node: ast.AST) -> str:
    """`Linear` for `nn.Linear` and `Linear`; empty for anything that is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_attribute_of(node: ast.AST, name: str) -> TypeGuard[ast.Attribute]:
    """Whether a node is `name.anything`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name


def is_name(node: ast.AST, name: str) -> TypeGuard[ast.Name]:
    """Whether a node is just this name."""
    return isinstance(node, ast.Name) and node.id == name


def binds(root: ast.AST, name: str) -> bool:
    """Whether something below a node gives a value to a name."""
    return any(is_name(node, name) and not isinstance(node.ctx, ast.Load) for node in nodes(root))


def arguments(call: ast.Call) -> Iterator[ast.expr]:
    """The expressions that a call is given, stars and keywords taken off."""
    for item in call.args:
        yield item.value if isinstance(item, ast.Starred) else item
    yield from (word.value for word in call.keywords)


def assignments(found: Iterable[ast.AST]) -> Iterator[tuple[Sequence[ast.expr], ast.expr]]:
    """The targets and the value of each assignment among some nodes, of annotated ones too."""
    for node in found:
        if isinstance(node, ast.Assign):
            yield node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield (node.target,), node.value
