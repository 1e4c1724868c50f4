"""The class of the submodules that a ModuleList holds, where all of them are of one class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.model.values import Value
from nn_lint.project.hierarchy import Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

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
    found = {_built(cls, item) for item in (*_given(layer.call), *_appended(cls, attribute))}
    return next(iter(found)) if len(found) == 1 else None


def _built(cls: ModuleClass, item: cst.BaseExpression | None) -> Resolved | None:
    callee = dotted(item.func) if isinstance(item, cst.Call) else None
    return None if callee is None else cls.resolve(callee)


def _given(call: cst.Call) -> Iterator[cst.BaseExpression | None]:
    """The elements of the argument of `ModuleList(...)`; `None` for one that cannot be seen."""
    for argument in call.args:
        if isinstance(argument.value, (cst.ListComp, cst.GeneratorExp)):
            yield argument.value.elt
        elif isinstance(argument.value, (cst.List, cst.Tuple)):
            yield from (item.value if isinstance(item, cst.Element) else None for item in argument.value.elements)
        else:
            yield None


def _appended(cls: ModuleClass, attribute: str) -> Iterator[cst.BaseExpression | None]:
    """What methods append to the list; `None` for what they insert or extend it with."""
    for method in cls.methods:
        for node in walk(method.node.body, cst.Call):
            if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
                continue
            grown = node.func.attr.value in _GROWING and self_attribute(node.func.value, method.receiver) == attribute
            if grown:
                appended = node.func.attr.value == "append" and len(node.args) == 1
                yield node.args[0].value if appended else None
