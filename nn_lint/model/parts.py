"""The layers that a submodule is made of, through `Sequential`, lists, local names, conditions and wrappers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import Layer
from nn_lint.model.method import Method, binds
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.project.hierarchy import ExternalClass, ProjectClass, Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})
_GROWING = {"append": 0, "extend": 0, "insert": 1, "add_module": 1, "register_module": 1}
_DEPTH = 4
Parts = tuple[Layer, ...]


class _Unknown(Exception):
    """Something in an expression is not the construction of a known class."""


def alternatives(cls: ModuleClass, attribute: str) -> tuple[Parts, ...] | None:
    """What a submodule may be made of, an alternative for each assignment; `None` where that cannot be read.

    What is appended to it belongs to every alternative.
    """
    owner = next((item for item in (cls, *cls.ancestors) if attribute in item.assigned_here), None)
    if owner is None:
        return None
    try:
        assigned = [parts for method in owner.methods for parts in _assigned(owner, method, attribute)]
        grown = tuple(
            part for method in owner.methods for part in _grown(owner, method, f"{method.receiver}.{attribute}")
        )
    except _Unknown:
        return None
    return tuple((*parts, *grown) for parts in assigned) or None


def _assigned(cls: ModuleClass, method: Method, attribute: str) -> Iterator[Parts]:
    for node in method.own_nodes:
        targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
        targets += [node.target] if isinstance(node, cst.AnnAssign) else []
        value = node.value if isinstance(node, (cst.Assign, cst.AnnAssign)) else None
        if value is not None and any(self_attribute(target, method.receiver) == attribute for target in targets):
            yield from _of_choice(cls, method, value)


def _of_choice(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> Iterator[Parts]:
    """Both sides of a conditional expression; `None` builds nothing."""
    if isinstance(node, cst.IfExp):
        yield from _of_choice(cls, method, node.body)
        yield from _of_choice(cls, method, node.orelse)
    elif not (isinstance(node, cst.Name) and node.value == "None"):
        yield tuple(_parts(cls, method, node, _DEPTH))


def _grown(cls: ModuleClass, method: Method, target: str) -> Iterator[Layer]:
    """What `append` and its kin, or `+=`, put into a list."""
    for node in method.own_nodes:
        if isinstance(node, cst.AugAssign) and dotted(node.target) == target:
            yield from _parts(cls, method, node.value, _DEPTH)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and dotted(node.func.value) == target:
            index = _GROWING.get(node.func.attr.value)
            if index is not None and index < len(node.args):
                yield from _parts(cls, method, node.args[index].value, _DEPTH)


def _parts(cls: ModuleClass, method: Method, node: cst.BaseExpression, depth: int) -> Iterator[Layer]:
    """The layers that an expression builds; raises where it builds something else."""
    if depth == 0:
        raise _Unknown
    if isinstance(node, cst.Call):
        yield from _of_call(cls, method, node, depth)
    elif isinstance(node, (cst.List, cst.Tuple, cst.Dict)):
        yield from _of_all(cls, method, (element.value for element in node.elements), depth)
    elif isinstance(node, (cst.ListComp, cst.GeneratorExp)):
        yield from _parts(cls, method, node.elt, depth)
    elif isinstance(node, cst.IfExp):
        for alternative in _of_choice(cls, method, node):
            yield from alternative
    elif isinstance(node, cst.BinaryOperation):
        yield from _of_repeated(cls, method, node, depth)
    elif isinstance(node, cst.Name):
        yield from _of_local(cls, method, node.value, depth)
    else:
        raise _Unknown


def _of_all(cls: ModuleClass, method: Method, nodes: Iterable[cst.BaseExpression], depth: int) -> Iterator[Layer]:
    for node in nodes:
        yield from _parts(cls, method, node, depth)


def _of_repeated(cls: ModuleClass, method: Method, node: cst.BinaryOperation, depth: int) -> Iterator[Layer]:
    """`[layer] * 3` and `[first] + rest`."""
    yield from _parts(cls, method, node.left, depth)
    if isinstance(node.operator, cst.Add):
        yield from _parts(cls, method, node.right, depth)


def _of_call(cls: ModuleClass, method: Method, node: cst.Call, depth: int) -> Iterator[Layer]:
    """A layer, with those that are handed to its constructor; or what stands in a container."""
    callee = dotted(node.func)
    found = cls.resolve(callee) if callee is not None else None
    if isinstance(found, TorchClass) and found.name in _CONTAINERS:
        yield from _of_all(cls, method, (item.value for item in node.args), depth - 1)
    elif isinstance(found, (TorchClass, ProjectClass)) and callee is not None:
        yield Layer("", found, node, callee, node)
        for item in node.args:
            inner = dotted(item.value.func) if isinstance(item.value, cst.Call) else None
            if inner is not None and isinstance(cls.resolve(inner), (TorchClass, ProjectClass)):
                yield from _parts(cls, method, item.value, depth - 1)
    elif _is_of_torch(found) and node.args and isinstance(node.args[0].value, cst.Call):
        yield from _of_call(cls, method, node.args[0].value, depth - 1)
    elif callee == "OrderedDict" and node.args and isinstance(node.args[0].value, cst.List):
        pairs = (element.value for element in node.args[0].value.elements)
        yield from _of_all(cls, method, (pair.elements[1].value for pair in pairs if _is_pair(pair)), depth)  # type: ignore[attr-defined]
    elif callee is not None and found is not None:
        yield Layer("", found, node, callee, node)
    else:
        raise _Unknown


def _is_of_torch(found: Resolved | None) -> bool:
    """A function of torch that takes a layer and gives it back, such as `weight_norm`."""
    return isinstance(found, ExternalClass) and found.origin.startswith("torch.")


def _is_pair(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Tuple) and len(node.elements) == 2


def _of_local(cls: ModuleClass, method: Method, name: str, depth: int) -> Iterator[Layer]:
    """What a local name of the constructor was assigned, and what was appended to it."""
    assigned = [
        node.value
        for node in method.own_nodes
        if isinstance(node, (cst.Assign, cst.AnnAssign)) and node.value is not None and binds(node, name)
    ]
    if not assigned:
        raise _Unknown
    yield from _of_all(cls, method, assigned, depth - 1)
    yield from _grown(cls, method, name)
