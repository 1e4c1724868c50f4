"""Attributes that hold layers in a plain list, tuple or dict, which `nn.Module` does not look into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.container_uses import is_handled_outside, is_only_used, local_is_only_filled
from nn_lint.model.layer_calls import DROPOUTS, built_class, holds_weights, is_parameter
from nn_lint.model.method import Method, binds
from nn_lint.model.occurrences import name_occurrences
from nn_lint.model.stores import stores
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.hierarchy import TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_GROWING = {"append": 0, "extend": 0, "insert": 1, "add": 0, "setdefault": 1}
_MAKERS = frozenset({"list", "tuple", "dict", "OrderedDict", "collections.OrderedDict"})
_REGISTERING = re.compile(r"add_module|register|setattr|_modules|\.to\(|\.cuda\(")
_LAYER = re.compile(r"(?:^|_)(?:layer|block)$")
_MODULE = re.compile(r"(?:^|\.)Module$")
_DICTS = (cst.Dict, cst.DictComp)


@dataclass(frozen=True, slots=True)
class Item:
    """One expression that a container is filled with. `key` is that of a dict; `many`: it stands in a comprehension."""

    node: cst.BaseExpression
    key: cst.BaseExpression | None = None
    many: bool = False
    nested: bool = False


@dataclass(frozen=True, slots=True)
class PlainContainer:
    """An attribute, the statement that makes it a plain container, and all that is put into it."""

    attribute: str
    method: Method
    value: cst.BaseExpression
    is_dict: bool
    items: tuple[Item, ...]
    kind: str
    """`Module` or `Parameter`, where all items are of that kind for certain."""


def plain_containers(cls: ModuleClass) -> Iterator[PlainContainer]:
    """The containers whose layers are registered nowhere else, as far as the class and its read ancestors show."""
    for attribute in _candidates(cls):
        values = _stores(cls, attribute)
        owners = [found for method, value in values if (found := _container(cls, method, value, attribute))]
        if len(owners) != sum(not _is_none(value) and not _is_of_itself(value, attribute) for _, value in values):
            continue
        for found in owners:
            later = tuple(item for method in cls.methods for item in grown(method, f"{method.receiver}.{attribute}"))
            items = (*found.items, *later)
            if not _is_hiding_place(items) and _holds_layers(cls, found.method, items):
                if is_only_used(cls, attribute) and not is_handled_outside(cls, attribute):
                    kinds = {_kind(cls, found.method, item.node) for item in items}
                    kind = kinds.pop() if len(kinds) == 1 else ""
                    yield PlainContainer(attribute, found.method, found.value, found.is_dict, items, kind)
                break


def _candidates(cls: ModuleClass) -> tuple[str, ...]:
    """The attributes that the class itself makes containers; what a property does with them cannot be told."""
    found = (
        store.attribute for method in cls.methods for store in stores(method) if _is_made(cls, method, store.value)
    )
    return tuple(attribute for attribute in dict.fromkeys(found) if cls.find_method(attribute) is None)


def _is_made(cls: ModuleClass, method: Method, value: cst.BaseExpression) -> bool:
    maker, written = _written(cls, method, value)
    return _is_container(maker, written)


def _written(cls: ModuleClass, method: Method, value: cst.BaseExpression) -> tuple[Method, cst.BaseExpression]:
    """A value, or what the method of the class gives back that is called for it, with the method that it stands in.

    Several values that are given back at once are no container, and who registers the layers himself keeps a list too.
    """
    name = self_attribute(value.func, method.receiver) if isinstance(value, cst.Call) else None
    helper = cls.method(name) if name is not None else None
    if helper is None or helper is method or set(helper.decorators) - {"staticmethod"}:
        return method, value
    returns = [node.value for node in walk(helper.node.body, cst.Return) if isinstance(node, cst.Return)]
    given = returns[0] if len(returns) == 1 else None
    if given is None or isinstance(given, cst.Tuple) or _REGISTERING.search(cls.syntax.text(helper.node)):
        return method, value
    return helper, given


def _stores(cls: ModuleClass, attribute: str) -> list[tuple[Method, cst.BaseExpression]]:
    """The values that the methods of the class and of its read ancestors assign to an attribute."""
    return [
        (method, store.value)
        for owner in (cls, *cls.ancestors)
        for method in owner.methods
        for store in stores(method)
        if store.attribute == attribute
    ]


def _container(cls: ModuleClass, method: Method, value: cst.BaseExpression, attribute: str) -> PlainContainer | None:
    maker, written = _written(cls, method, value)
    items = tuple(_items(maker, written)) if _is_container(maker, written) else None
    if items is None:
        return None
    return PlainContainer(attribute, maker, value, _is_dict(maker, written), items, "")


def _is_container(method: Method, node: cst.BaseExpression) -> bool:
    if isinstance(node, (cst.List, cst.Tuple, cst.Dict, cst.ListComp, cst.DictComp)):
        return True
    if isinstance(node, cst.Call):
        return dotted(node.func) in _MAKERS and all(_is_container_argument(method, item) for item in node.args)
    if isinstance(node, cst.BinaryOperation):
        sides = (node.left, node.right)
        wanted = any if isinstance(node.operator, cst.Multiply) else all
        return wanted(_is_container(method, side) for side in sides)
    if isinstance(node, cst.Name):
        values = _local_values(method, node.value)
        return bool(values) and all(_is_container(method, value) and value is not node for value in values)
    return False


def _is_container_argument(method: Method, argument: cst.Arg) -> bool:
    return (
        argument.keyword is not None
        or isinstance(argument.value, cst.GeneratorExp)
        or _mapped(argument.value) is not None
        or (not argument.star and _is_container(method, argument.value))
    )


def _mapped(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """`nn.Linear(d, d)` for `map(lambda d: nn.Linear(d, d), dims)`."""
    first = node.args[0].value if isinstance(node, cst.Call) and dotted(node.func) == "map" and node.args else None
    return first.body if isinstance(first, cst.Lambda) else None


def _is_dict(method: Method, node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Name):
        return any(_is_dict(method, value) for value in _local_values(method, node.value))
    return isinstance(node, _DICTS) or (isinstance(node, cst.Call) and "ict" in (dotted(node.func) or ""))


def _local_values(method: Method, name: str) -> list[cst.BaseExpression]:
    """What a local name is assigned, where it is only filled and then stored."""
    if any(item.name == name for item in method.parameters) or not local_is_only_filled(method, name):
        return []
    return [
        node.value
        for node in method.own_nodes
        if isinstance(node, (cst.Assign, cst.AnnAssign)) and node.value is not None and binds(node, name)
    ]


def _items(method: Method, node: cst.BaseExpression, *, nested: bool = False) -> Iterator[Item]:
    """What a container is written with; a container in it is taken apart."""
    if isinstance(node, (cst.List, cst.Tuple, cst.Dict)):
        for element in node.elements:
            key = element.key if isinstance(element, cst.DictElement) else None
            yield from _item(method, element.value, key, many=False, nested=nested)
    elif isinstance(node, (cst.ListComp, cst.GeneratorExp)):
        yield from _item(method, node.elt, None, many=True, nested=nested)
    elif isinstance(node, cst.DictComp):
        yield from _item(method, node.value, node.key, many=True, nested=nested)
    elif isinstance(node, cst.Call):
        for argument in node.args:
            yield from _of_argument(method, argument, nested=nested)
    elif isinstance(node, cst.BinaryOperation):
        times = isinstance(node.operator, cst.Multiply)
        for side in (node.left, node.right):
            if _is_container(method, side):
                yield from (Item(item.node, item.key, item.many or times, nested) for item in _items(method, side))
    elif isinstance(node, cst.Name):
        for value in _local_values(method, node.value):
            yield from _items(method, value, nested=nested)
        yield from grown(method, node.value)


def _of_argument(method: Method, argument: cst.Arg, *, nested: bool) -> Iterator[Item]:
    """What `list([...])` or `dict(a=...)` is made of."""
    if (mapped := _mapped(argument.value)) is not None:
        yield from _item(method, mapped, None, many=True, nested=nested)
    elif argument.keyword is None:
        yield from _items(method, argument.value, nested=nested)
    else:
        key = cst.SimpleString(f'"{argument.keyword.value}"')
        yield from _item(method, argument.value, key, many=False, nested=nested)


def _item(
    method: Method, node: cst.BaseExpression, key: cst.BaseExpression | None, *, many: bool, nested: bool
) -> Iterator[Item]:
    if isinstance(node, (cst.List, cst.Tuple, cst.Dict, cst.ListComp, cst.DictComp)):
        yield from _items(method, node, nested=True)
    else:
        value = _only_value(method, node.value) if isinstance(node, cst.Name) else None
        yield Item(value or node, key, many, nested)


def _only_value(method: Method, name: str) -> cst.BaseExpression | None:
    """What a local name was assigned that is handed to one place alone."""
    chains = list(name_occurrences(method.node.body, name))
    stored = [chain[-3] for chain in chains if isinstance(chain[-2], cst.AssignTarget)]
    handed = [chain for chain in chains if not isinstance(chain[-2], (cst.AssignTarget, cst.Attribute))]
    if len(stored) != 1 or len(handed) != 1 or len(method.locals & {name}) != 1:
        return None
    only = stored[0] if isinstance(stored[0], cst.Assign) and len(stored[0].targets) == 1 else None
    return only.value if only is not None else None


def grown(method: Method, target: str) -> Iterator[Item]:
    """What `append` and its kin, `+=` and stores of items put into a container; a loop does so many times."""
    for node in method.own_nodes:
        items = tuple(_grown_by(method, node, target))
        if items and _is_in_loop(method, node):
            items = tuple(replace(item, many=True) for item in items)
        yield from items


def _grown_by(method: Method, node: cst.CSTNode, target: str) -> Iterator[Item]:
    if isinstance(node, cst.AugAssign) and dotted(node.target) == target:
        if _is_container(method, node.value):
            yield from _items(method, node.value)
    elif isinstance(node, cst.Assign):
        for item in node.targets:
            place = item.target
            if isinstance(place, cst.Subscript) and dotted(place.value) == target and len(place.slice) == 1:
                inner = place.slice[0].slice
                yield Item(node.value, inner.value if isinstance(inner, cst.Index) else None)
            elif dotted(place) == target and isinstance(node.value, cst.BinaryOperation):
                added = _added(node.value, target)
                yield from _items(method, added) if added is not None and _is_container(method, added) else ()
    elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and dotted(node.func.value) == target:
        yield from _grown_by_call(method, node, node.func.attr.value)


def _added(node: cst.BinaryOperation, target: str) -> cst.BaseExpression | None:
    """What stands beside a container in a sum."""
    if not isinstance(node.operator, cst.Add):
        return None
    others = [side for side in (node.left, node.right) if dotted(side) != target]
    return others[0] if len(others) == 1 else None


def _is_in_loop(method: Method, node: cst.CSTNode) -> bool:
    loops = walk(method.node.body, cst.For, cst.While)
    return any(inner is node for loop in loops for inner in walk(loop, type(node)))


def _grown_by_call(method: Method, node: cst.Call, name: str) -> Iterator[Item]:
    index = _GROWING.get(name)
    if index is None or index >= len(node.args):
        return
    value = node.args[index].value
    if name == "extend":
        yield from _items(method, value) if _is_container(method, value) else ()
    else:
        yield from _item(method, value, None, many=True, nested=False)


def _is_none(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


def _is_of_itself(node: cst.BaseExpression, attribute: str) -> bool:
    """`self.blocks[:3]`, or `self.blocks + [...]`, where that is stored in `self.blocks` again."""
    if isinstance(node, cst.BinaryOperation):
        sides = [(dotted(side) or "").partition(".")[2] for side in (node.left, node.right)]
        return isinstance(node.operator, cst.Add) and sides.count(attribute) == 1
    is_slice = isinstance(node, cst.Subscript) and all(isinstance(item.slice, cst.Slice) for item in node.slice)
    return is_slice and (dotted(node.value) or "").partition(".")[2] == attribute  # type: ignore[attr-defined]


def _is_hiding_place(items: tuple[Item, ...]) -> bool:
    """A list of one written element: the usual way to keep a module out of `parameters()` on purpose."""
    return len(items) == 1 and not items[0].many and items[0].key is None


def _kind(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> str:
    """What torch's containers call an item: a module, a parameter, or nothing that is known."""
    if is_parameter(cls, method, node):
        return "Parameter"
    return "Module" if built_class(cls, method, node) is not None else ""


def _holds_layers(cls: ModuleClass, method: Method, items: tuple[Item, ...]) -> bool:
    """Whether some item has weights, or behaves otherwise in training."""
    for item in items:
        found = built_class(cls, method, item.node)
        if is_parameter(cls, method, item.node) or (isinstance(found, TorchClass) and found.name in DROPOUTS):
            return True
        if found is not None and holds_weights(cls, method, item.node):
            return True
        if item.many and _is_copy_of_layer(method, item.node):
            return True
    return False


def _is_copy_of_layer(method: Method, node: cst.BaseExpression) -> bool:
    """`deepcopy(layer)`, where the caller hands over what is a layer by its name or annotation."""
    if not isinstance(node, cst.Call) or dotted(node.func) not in ("deepcopy", "copy.deepcopy") or not node.args:
        return False
    value = node.args[0].value
    name = value.value if isinstance(value, cst.Name) else None
    given = next((item for item in method.parameters if item.name == name), None)
    return given is not None and bool(_LAYER.search(given.name) or _MODULE.search(given.annotation or ""))
