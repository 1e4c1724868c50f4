"""Walking CPython's tree of a class, and the few questions that several premises ask of a node."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

Function = ast.FunctionDef | ast.AsyncFunctionDef


def nodes(root: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, in no certain order; faster than `ast.walk`."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if value.__class__ is list:
                pending.extend(item for item in value if isinstance(item, ast.AST))
            elif isinstance(value, ast.AST):
                pending.append(value)


def methods(cls: ast.ClassDef) -> Iterator[Function]:
    """The functions that stand directly in the body of a class."""
    return (node for node in cls.body if isinstance(node, Function))


def receiver(method: Function) -> str:
    """The name of the first parameter, mostly `self`; empty where there is none."""
    positional = [*method.args.posonlyargs, *method.args.args]
    return positional[0].arg if positional else ""


def last_name(node: ast.AST) -> str:
    """`Linear` for `nn.Linear` and `Linear`; empty for anything that is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_attribute_of(node: ast.AST, name: str) -> bool:
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
