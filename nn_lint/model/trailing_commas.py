"""Commas at the end of an assignment that make a tuple of a layer or of its result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method, names
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.model.values import Kind
from nn_lint.project.hierarchy import ExternalClass, Kinship, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class TrailingComma:
    """An assignment of a tuple of one. `attribute` is what it is assigned to on self, else it is a local `name`."""

    statement: cst.Assign
    value: cst.BaseExpression
    name: str
    is_attribute: bool


def trailing_commas(cls: ModuleClass) -> Iterator[TrailingComma]:
    """The tuples of one that are used like what stands in them."""
    for method in cls.methods:
        for node in method.own_nodes:
            if not isinstance(node, cst.Assign) or len(node.targets) != 1 or not isinstance(node.value, cst.Tuple):
                continue
            elements, target = node.value.elements, node.targets[0].target
            if (
                len(elements) != 1
                or not isinstance(elements[0], cst.Element)
                or not isinstance(elements[0].value, cst.Call)
            ):
                continue
            call, is_bare = elements[0].value, not node.value.lpar
            attribute = self_attribute(target, method.receiver)
            if attribute is not None and _is_layer(cls, call) and _is_used_as_layer(cls, attribute, is_bare=is_bare):
                yield TrailingComma(node, call, f"{method.receiver}.{attribute}", True)
            elif isinstance(target, cst.Name) and is_bare and _is_used_as_tensor(cls, method, target.value, node):
                yield TrailingComma(node, call, target.value, False)


def _is_layer(cls: ModuleClass, call: cst.Call) -> bool:
    callee = dotted(call.func)
    found = cls.resolve(callee) if callee is not None else None
    return isinstance(found, TorchClass) or (found is not None and cls.resolve_class(found) is Kinship.MODULE)


def _is_used_as_layer(cls: ModuleClass, attribute: str, *, is_bare: bool) -> bool:
    """A tuple in parentheses is a slip only if it is called; one without, unless it is only used as a tuple."""
    is_called = any(True for _ in cls.calls_on_self(attribute)) and cls.layers.assignments.get(attribute) == 1
    if is_bare and not is_called:
        unpacked = rf"(?:\[|\bin\s+|[(,\[]\s*\*\s*|\(\s*)\bself\.{attribute}\b(?!\s*\()|\bself\.{attribute}\s*(?:\[|\+)"
        return re.search(unpacked, cls.text) is None
    return is_called


def _is_used_as_tensor(cls: ModuleClass, method: Method, name: str, statement: cst.Assign) -> bool:
    """The result of a layer, or of a function of torch, under a name that is nowhere treated as a tuple."""
    value = statement.value
    assert isinstance(value, cst.Tuple), "asked only of tuples"
    call = value.elements[0].value
    if not isinstance(call, cst.Call) or not _computes(cls, method, call):
        return False
    targets = {id(item.target) for item in walk(method.node, cst.AssignTarget) if isinstance(item, cst.AssignTarget)}
    reads = [node for node in names(method.node.body) if node.value == name and id(node) not in targets]
    tensor_like = set(_tensor_places(method))
    return bool(reads) and all(id(node) in tensor_like or node in call.children for node in _after(reads, call))


def _after(reads: list[cst.Name], call: cst.Call) -> list[cst.Name]:
    """The reads that are not part of the call itself."""
    inside = {id(node) for node in walk(call)}
    return [node for node in reads if id(node) not in inside]


def _tensor_places(method: Method) -> Iterator[int]:
    """Names that are arguments of a submodule or of `F.relu` and its kin, owners of methods, or returned."""
    for node in walk(method.node.body, cst.Call, cst.Return, cst.Attribute):
        if isinstance(node, cst.Return) and node.value is not None or isinstance(node, cst.Attribute):
            yield id(node.value)
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value != "cat":
            yield from (id(item.value) for item in node.args if not item.star)


def _computes(cls: ModuleClass, method: Method, call: cst.Call) -> bool:
    flow = cls.flow if method.name == "forward" else None
    value = flow.made.get(call) if flow is not None else None
    if value is None or not value.depends:
        return False
    found = cls.resolve(dotted(call.func) or "?")
    is_torch = isinstance(found, ExternalClass) and found.origin.startswith("torch.")
    return value.kind is Kind.LAYER or is_torch
