"""Whether a class may keep layers in a plain list, tuple or dict."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from nn_lint.project.premises.nodes import assignments, last_name
from nn_lint.project.premises.trees import ClassTree, MethodTree

_CONTAINERS = (ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp)
_MAKERS = frozenset({"list", "tuple", "dict", "OrderedDict"})
_GROWING = frozenset({"append", "extend", "insert", "add", "setdefault"})
_PLAIN = frozenset(dir(builtins))


def may_hold_layers(cls: ClassTree) -> bool:
    """An attribute is given a container, and what it is filled with there or later may be a layer."""
    for method in cls.methods:
        for targets, value in assignments(method.nodes):
            names = [target.attr for target in targets if isinstance(target, ast.Attribute)]
            given = [(method, value), *_given_back(cls, value)] if names else []
            if any(_may_hold(item, owner) for owner, item in given):
                return True
            may_grow = len(given) > 1 or _is_container(value)
            if may_grow and any(_grows(cls, name) for name in names):
                return True
    return False


def _given_back(cls: ClassTree, node: ast.expr) -> Iterator[tuple[MethodTree, ast.expr]]:
    """What a method of the class gives back that is called."""
    name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    for helper in cls.methods:
        if helper.name == name:
            values = (inner.value for inner in helper.nodes if isinstance(inner, ast.Return))
            yield from ((helper, value) for value in values if value is not None)


def _may_hold(node: ast.expr, method: MethodTree) -> bool:
    """Whether an expression is a container that is written with calls, with names, or built up under a local name."""
    if isinstance(node, ast.Name):
        given = [value for value in _given(method, node.id) if _is_container(value)]
        return any(map(_has_layers, given)) or (bool(given) and _grows(method, node.id))
    return _is_container(node) and _has_layers(node)


def _is_container(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_container(node.left) or _is_container(node.right)
    return isinstance(node, _CONTAINERS) or (isinstance(node, ast.Call) and last_name(node.func) in _MAKERS)


def _has_layers(node: ast.AST) -> bool:
    """Whether some item of a container is a call that may build a layer, or a name that may stand for one."""
    return any(_may_be_layer(item) for item in _items(node))


def _items(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, (ast.List, ast.Tuple)):
        for item in node.elts:
            yield from _items(item)
    elif isinstance(node, ast.Dict):
        for item in node.values:
            yield from _items(item)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        yield from _items(node.elt)
    elif isinstance(node, ast.DictComp):
        yield from _items(node.value)
    elif isinstance(node, ast.BinOp) and _is_container(node):
        yield from _items(node.left)
        yield from _items(node.right)
    elif isinstance(node, ast.Lambda):
        yield from _items(node.body)
    elif isinstance(node, ast.Call) and last_name(node.func) in _MAKERS | {"map"}:
        for item in (*node.args, *(word.value for word in node.keywords)):
            yield from _items(item)
    else:
        yield node


def _may_be_layer(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) or (isinstance(node, ast.Call) and last_name(node.func) not in _PLAIN)


def _given(method: MethodTree, name: str) -> Iterator[ast.expr]:
    for targets, value in assignments(method.nodes):
        if any(last_name(target) == name for target in targets):
            yield value


def _grows(root: ClassTree | MethodTree, name: str) -> bool:
    """Whether something that may be a layer is put into what goes by a name, as an attribute or a local one."""
    for node in root.nodes:
        filled: list[ast.expr] = []
        if isinstance(node, ast.AugAssign) and last_name(node.target) == name:
            filled = [node.value]
        elif isinstance(node, ast.Assign):
            items = (target.value for target in node.targets if isinstance(target, ast.Subscript))
            filled = [node.value] if any(last_name(item) == name for item in items) else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROWING:
            filled = node.args if last_name(node.func.value) == name else []
        if any(map(_has_layers, filled)):
            return True
    return False
