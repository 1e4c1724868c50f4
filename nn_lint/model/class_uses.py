"""Layer classes of torch that stand where an instance is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.class_calls import is_applied
from nn_lint.model.layers import ACTIVATIONS
from nn_lint.model.occurrences import attribute_occurrences
from nn_lint.model.stores import stores
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.hierarchy import TorchClass
from nn_lint.project.torch_names import MODULES

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

LAYER_NAMES = MODULES - {
    "Sequential",
    "ModuleList",
    "ModuleDict",
    "Module",
    "DataParallel",
    "ParameterList",
    "ParameterDict",
}
"""The classes of torch.nn that compute something."""

WITHOUT_STATE = (ACTIVATIONS - {"PReLU", "RReLU", "Threshold"}) | {"Identity", "Flatten", "Softmax2d"}
"""Layers that are built without arguments, hold no weights and do the same in training and evaluation."""


@dataclass(frozen=True, slots=True)
class ClassUse:
    """A layer class as it is written, and its bare name. `call` is the one that hands it a tensor."""

    node: cst.BaseExpression
    name: str
    call: cst.Call | None = None


def layer_class(cls: ModuleClass, node: cst.BaseExpression) -> str | None:
    """The bare name of a layer class of torch that an expression names; containers are not among them."""
    name = dotted(node)
    if name is None or name.rpartition(".")[2] not in LAYER_NAMES:
        return None
    found = cls.resolve(name)
    return found.name if isinstance(found, TorchClass) and found.is_module else None


def stored_classes(cls: ModuleClass) -> Iterator[ClassUse]:
    """`self.act = nn.ReLU`, where forward calls `self.act` with a tensor and nothing calls it otherwise."""
    for method in cls.methods:
        for node in method.own_nodes:
            if not isinstance(node, cst.Assign) or not isinstance(node.value, (cst.Name, cst.Attribute)):
                continue
            attributes = [self_attribute(item.target, method.receiver) for item in node.targets]
            name = layer_class(cls, node.value) if any(attributes) else None
            if name is not None and all(item and _is_only_applied(cls, item, name, node) for item in attributes):
                yield ClassUse(node.value, name)


def _is_only_applied(cls: ModuleClass, attribute: str, name: str, statement: cst.Assign) -> bool:
    """Whether all calls of an attribute hand it a tensor, and other values that it gets are not made of it."""
    if cls.flow is None:
        return False
    others = [(method, store) for method in cls.methods for store in stores(method) if store.attribute == attribute]
    if len(others) != sum(item.layers.assignments.get(attribute, 0) for item in (cls, *cls.ancestors)):
        return False
    rest = ((method, store.value) for method, store in others if store.statement is not statement)
    if any(True for method, value in rest for _ in attribute_occurrences(value, method.receiver, attribute)):
        return False
    return is_applied(cls, list(cls.calls_on_self(attribute)), name)


def listed_classes(cls: ModuleClass) -> Iterator[ClassUse]:
    """`nn.Sequential(nn.Linear(4, 4), nn.ReLU)`, `nn.ModuleList([nn.ReLU])`."""
    for method in cls.methods:
        for call in walk(method.node.body, cst.Call):
            if not isinstance(call, cst.Call) or not isinstance(call.func, (cst.Name, cst.Attribute)):
                continue
            found = cls.resolve(dotted(call.func) or "?")
            items: list[cst.BaseExpression] = []
            if found == TorchClass("Sequential"):
                items = [item.value for item in call.args if not item.star and item.keyword is None]
            elif found == TorchClass("ModuleList") and len(call.args) == 1:
                listed = call.args[0].value
                items = [item.value for item in listed.elements] if isinstance(listed, (cst.List, cst.Tuple)) else []
            for item in items:
                name = layer_class(cls, item)
                if name is not None:
                    yield ClassUse(item, name)


def applied_classes(cls: ModuleClass) -> Iterator[ClassUse]:
    """`nn.ReLU(x)` in forward, where `x` is a tensor and the result is not called."""
    forward = cls.method("forward")
    if forward is None:
        return
    calls = [node for node in walk(forward.node.body, cst.Call) if isinstance(node, cst.Call) and node.args]
    found = [(node, name) for node in calls if (name := layer_class(cls, node.func)) is not None]
    for node, name in found:
        if is_applied(cls, [node], name):
            yield ClassUse(node.func, name, node)
