"""The class of the submodules that a ModuleList holds, where all of them are of one class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import dotted, walk
from nn_lint.model.values import Value
from nn_lint.project.hierarchy import Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.layers import Layer
    from nn_lint.model.module_class import ModuleClass

Items = Iterator[cst.BaseExpression | None]

_GROWING = frozenset({"append", "extend", "insert"})
_ITEM = "[]"


def class_called(cls: ModuleClass, value: Value) -> Resolved | None:
    """The class whose instance made a value: a submodule, or the item of a list of them."""
    if value.layer is not None:
        return value.layer.cls
    return item_class(cls, value.name.removesuffix(_ITEM)) if value.name.endswith(_ITEM) else None


def item_class(cls: ModuleClass, attribute: str) -> Resolved | None:
    """The class of all items of a list that is built in one place and filled by constructor calls."""
    layer = cls.layers.only(attribute)
    if layer is None or layer.cls != TorchClass("ModuleList"):
        return None
    family = (cls, *cls.ancestors)
    owner = next(item for item in family if attribute in item.layers.own)
    found = {_built(owner, item) for item in _given(owner, layer)}
    for member in family:
        for method in member.methods:
            found.update(_built(member, item) for item in _grown(method.node, f"{method.receiver}.{attribute}"))
    return next(iter(found)) if len(found) == 1 else None


def _built(cls: ModuleClass, item: cst.BaseExpression | None) -> Resolved | None:
    callee = dotted(item.func) if isinstance(item, cst.Call) else None
    return None if callee is None else cls.resolve(callee)


def _given(owner: ModuleClass, layer: Layer) -> Items:
    """The items that `ModuleList(...)` is built with; `None` for one that cannot be seen."""
    for argument in layer.call.args:
        if not isinstance(argument.value, cst.Name):
            yield from _elements(argument.value)
            continue
        for method in owner.methods:
            if layer.statement in set(walk(method.node.body, type(layer.statement))):
                yield from _listed(method.node, argument.value.value)


def _elements(node: cst.BaseExpression) -> Items:
    """The elements of a list that is written out."""
    if isinstance(node, (cst.ListComp, cst.GeneratorExp)):
        yield node.elt
    elif isinstance(node, (cst.List, cst.Tuple)):
        yield from (item.value if isinstance(item, cst.Element) else None for item in node.elements)
    else:
        yield None


def _listed(function: cst.FunctionDef, name: str) -> Items:
    """What a local list is filled with; a parameter of that name is nothing that can be seen."""
    assigned = False
    for node in walk(function.body, cst.Assign, cst.AugAssign):
        if isinstance(node, cst.Assign) and any(_is_name(target.target, name) for target in node.targets):
            assigned = True
            yield from _elements(node.value)
        elif isinstance(node, cst.AugAssign) and _is_name(node.target, name):
            yield from _elements(node.value)
    yield from _grown(function, name)
    if not assigned:
        yield None


def _is_name(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _grown(function: cst.FunctionDef, name: str) -> Items:
    """What is appended to a list; `None` for what it is extended with."""
    for node in walk(function.body, cst.Call):
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
            continue
        if node.func.attr.value in _GROWING and dotted(node.func.value) == name:
            is_one = node.func.attr.value == "append" and len(node.args) == 1
            yield node.args[0].value if is_one else None
