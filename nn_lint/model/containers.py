"""The children of a Sequential that is written out, in order, as far as each is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import Layer, layer_of
from nn_lint.model.syntax import dotted

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


def parts(cls: ModuleClass, layer: Layer) -> Iterator[Layer | None]:
    """The layer itself, or the children of a Sequential, those of inner ones taken apart; `None` for unknown ones."""
    if layer.torch_name != "Sequential":
        yield layer
        return
    for node in _elements(layer.call):
        child = layer_of(cls, "", node, layer.statement) if isinstance(node, cst.Call) else None
        if child is None:
            yield None
        else:
            yield from parts(cls, child)


def _elements(call: cst.Call) -> Iterator[cst.BaseExpression | None]:
    """The arguments: `Sequential(a, b)`, `Sequential(*[a, b])`, `Sequential(OrderedDict([("a", a), ("b", b)]))`."""
    for item in call.args:
        if item.star == "*" and isinstance(item.value, (cst.List, cst.Tuple)):
            yield from (element.value for element in item.value.elements)
        elif item.star or item.keyword is not None:
            yield None
        elif (pairs := _pairs(item.value)) is not None:
            yield from (_second(pair.value) for pair in pairs)
        else:
            yield item.value


def _pairs(node: cst.BaseExpression) -> tuple[cst.BaseElement, ...] | None:
    if not isinstance(node, cst.Call) or (dotted(node.func) or "").split(".")[-1] != "OrderedDict":
        return None
    listed = node.args[0].value if len(node.args) == 1 else None
    return tuple(listed.elements) if isinstance(listed, (cst.List, cst.Tuple)) else None


def _second(pair: cst.BaseExpression) -> cst.BaseExpression | None:
    return pair.elements[1].value if isinstance(pair, (cst.Tuple, cst.List)) and len(pair.elements) == 2 else None
