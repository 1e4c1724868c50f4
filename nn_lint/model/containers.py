"""The children of a Sequential that is written out, in order, as far as each is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import Layer, layer_of
from nn_lint.model.method import Method, binds
from nn_lint.model.suites import Suites
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


def built_parts(cls: ModuleClass, layer: Layer) -> Iterator[Layer | None]:
    """As `parts`, where a Sequential of the class may also be made of a local list, or grow after it was made."""
    only = layer.call.args[0] if len(layer.call.args) == 1 else None
    is_container = layer.torch_name == "Sequential" and layer.attribute
    if is_container and only is not None and only.star == "*" and isinstance(only.value, cst.Name):
        yield from _all_parts(cls, layer, only.value.value)
    elif is_container and not layer.call.args:
        yield from _all_parts(cls, layer, layer.attribute)
    else:
        yield from parts(cls, layer)


def _all_parts(cls: ModuleClass, layer: Layer, name: str) -> Iterator[Layer | None]:
    method = next((method for method in cls.methods if layer.statement in method.own_nodes), None)
    if method is None:
        return
    target = f"{method.receiver}.{name}" if name == layer.attribute and not layer.call.args else name
    for node in _listed(method, target, layer.statement):
        child = layer_of(cls, "", node, layer.statement) if isinstance(node, cst.Call) else None
        if child is None:
            yield None
        else:
            yield from parts(cls, child)


def _listed(method: Method, target: str, made: cst.CSTNode) -> Iterator[cst.BaseExpression | None]:
    """What one list or container holds: what it is made with, then what is appended; `None` for what is uncertain."""
    suites = Suites(method)
    is_local = "." not in target
    known = [node for node in method.own_nodes if isinstance(node, (cst.Assign, cst.AnnAssign)) and binds(node, target)]
    if is_local and len(known) != 1:
        yield None
        return
    start = known[0] if is_local else made
    is_certain = suites.is_unconditional(start) and suites.is_unconditional(made)
    if not is_certain or any(_reorders(node, target) for node in method.own_nodes):
        yield None
        return
    if is_local and isinstance(start, (cst.Assign, cst.AnnAssign)):
        yield from (element.value for element in start.value.elements) if isinstance(start.value, cst.List) else (None,)
    for node in method.own_nodes:
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and dotted(node.func.value) == target:
            yield _appended(node, node.func.attr.value) if suites.is_unconditional(node) else None
        elif isinstance(node, cst.AugAssign) and dotted(node.target) == target:
            yield None


def _reorders(node: cst.CSTNode, target: str) -> bool:
    """Whether a call may put something in front of what a list holds: `insert`, or a function that gets the list."""
    if not isinstance(node, cst.Call):
        return False
    if isinstance(node.func, cst.Attribute) and dotted(node.func.value) == target:
        return node.func.attr.value in _REORDERING
    return any(not item.star and dotted(item.value) == target for item in node.args)


_REORDERING = frozenset("insert extend pop remove clear reverse sort register_module".split())


def _appended(call: cst.Call, name: str) -> cst.BaseExpression | None:
    place = {"append": 0, "add_module": 1}.get(name)
    is_plain = place is not None and len(call.args) == place + 1 and all(not item.star for item in call.args)
    return call.args[place].value if place is not None and is_plain else None


def items(cls: ModuleClass, name: str) -> tuple[Layer, ...]:
    """The items of a ModuleList that is written out, by the name of their calls; none where one of them is unknown."""
    layer = cls.layers.only(name.removesuffix("[]")) if name.endswith("[]") else None
    if layer is None or layer.torch_name != "ModuleList" or len(layer.call.args) != 1:
        return ()
    listed = layer.call.args[0].value
    nodes: list[cst.BaseExpression] = []
    if isinstance(listed, (cst.List, cst.Tuple)):
        nodes = [element.value for element in listed.elements]
    elif isinstance(listed, (cst.ListComp, cst.GeneratorExp)):
        nodes = [listed.elt]
    found = [layer_of(cls, "", node, layer.statement) if isinstance(node, cst.Call) else None for node in nodes]
    known = [item for item in found if item is not None]
    return tuple(known) if len(known) == len(found) and layer in cls.layers.own.get(layer.attribute, ()) else ()


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
