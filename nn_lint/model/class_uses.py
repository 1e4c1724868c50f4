"""Layer classes of torch that stand where an instance is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.class_calls import is_applied
from nn_lint.model.layers import ACTIVATIONS
from nn_lint.model.method import Method
from nn_lint.model.occurrences import attribute_occurrences, name_occurrences
from nn_lint.model.stores import stores
from nn_lint.model.syntax import dotted, self_attribute, simple_statements, walk
from nn_lint.project.hierarchy import ExternalClass, ProjectClass, TorchClass
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
    """A layer class as it is written, and its bare name, empty for a function. `call` hands it a tensor."""

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
    """`self.act = nn.ReLU`, where forward calls `self.act` with a tensor and nothing calls it otherwise.

    The class may also be one of two by a condition.
    """
    for method in cls.methods:
        for node in method.own_nodes:
            if not isinstance(node, cst.Assign):
                continue
            attributes = [self_attribute(item.target, method.receiver) for item in node.targets]
            found = list(_classes(cls, node.value)) if all(attributes) else []
            if found and all(
                item and _is_only_applied(cls, item, use.name, node) for item in attributes for use in found
            ):
                yield from found


def _classes(cls: ModuleClass, node: cst.BaseExpression) -> Iterator[ClassUse]:
    """The layer classes that an expression may stand for; none where one side of a condition is something else."""
    if isinstance(node, cst.IfExp):
        sides = [list(_classes(cls, side)) for side in (node.body, node.orelse)]
        yield from chain(*sides) if all(sides) else ()
    elif (name := layer_class(cls, node)) is not None:
        yield ClassUse(node, name)


def class_attributes(cls: ModuleClass) -> Iterator[ClassUse]:
    """`act = nn.ReLU` in the body of the class, which nothing replaces and forward calls with a tensor."""
    for statement in simple_statements(cls.syntax.node.body):
        target = statement.targets[0].target if isinstance(statement, cst.Assign) else None
        if not isinstance(statement, cst.Assign) or not isinstance(target, cst.Name) or len(statement.targets) > 1:
            continue
        name = layer_class(cls, statement.value)
        if name is None or target.value in cls.rebound_attributes or _is_said_elsewhere(cls, target.value):
            continue
        if is_applied(cls, list(cls.calls_on_self(target.value)), name):
            yield ClassUse(statement.value, name)


def _is_said_elsewhere(cls: ModuleClass, name: str) -> bool:
    """Whether an heir, a string or another object may give the attribute a value, or the body says it twice."""
    text = cls.definition.file.text.content
    if (
        re.search(rf"[\"']{name}[\"']|(?<!\bself)\.{name}\b", text)
        or len(re.findall(rf"(?<![.\w]){name}\b", cls.text)) > 1
    ):
        return True
    hierarchy = cls.registry.hierarchy
    return any(
        cls.definition in hierarchy.ancestry(ProjectClass(file, facts)).order
        for file in hierarchy.files.mentioning(cls.name, cls.definition.file)
        for facts in file.facts.classes
        if facts is not cls.facts
    )


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
    """`nn.Sequential(nn.Linear(4, 4), nn.ReLU)`, `nn.ModuleList([nn.ReLU])`, `nn.ModuleDict({"relu": nn.ReLU})`.

    Functions of torch are no layers either.
    """
    for method in cls.methods:
        for call in walk(method.node.body, cst.Call):
            if not isinstance(call, cst.Call) or not isinstance(call.func, (cst.Name, cst.Attribute)):
                continue
            found = cls.resolve(dotted(call.func) or "?")
            for item in _items(method, found.name, call) if isinstance(found, TorchClass) else ():
                name = layer_class(cls, item)
                if name is not None:
                    yield ClassUse(item, name)
                elif _is_function(cls, method, item):
                    yield ClassUse(item, "")


def _items(method: Method, container: str, call: cst.Call) -> list[cst.BaseExpression]:
    """What a container is given to hold, also by a local list that nothing else is done with."""
    if container == "Sequential":
        plain = [item.value for item in call.args if not item.star and item.keyword is None]
        return plain + [found for item in call.args if item.star == "*" for found in _listed(method, item.value)]
    if len(call.args) != 1 or call.args[0].star or container not in ("ModuleList", "ModuleDict"):
        return []
    given = call.args[0].value
    if container == "ModuleList":
        return _listed(method, given)
    elements = given.elements if isinstance(given, cst.Dict) else ()
    return [item.value for item in elements if isinstance(item, cst.DictElement)]


def _listed(method: Method, node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The items of a list that is written out, or of a local one: those it begins with and those that are appended."""
    if isinstance(node, (cst.List, cst.Tuple)):
        return [item.value for item in node.elements]
    if not isinstance(node, cst.Name):
        return []
    found: list[cst.BaseExpression] = []
    for place in name_occurrences(method.node.body, node.value):
        around, outer = place[-2], place[-3]
        if isinstance(around, cst.Arg) and place[-1] is node:
            continue
        if isinstance(outer, cst.Assign) and isinstance(outer.value, cst.List) and len(outer.targets) == 1:
            found += [item.value for item in outer.value.elements]
        elif isinstance(outer, cst.Call) and isinstance(around, cst.Attribute) and around.attr.value == "append":
            found += [item.value for item in outer.args]
        else:
            return []
    return found


def _is_function(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> bool:
    """`F.relu`, `torch.tanh`: a function of torch by its name."""
    name = dotted(node)
    if name is None or name.partition(".")[0] in method.locals:
        return False
    return is_layer_function(cls, name)


def is_layer_function(cls: ModuleClass, name: str) -> bool:
    """Whether a dotted name leads to a function of torch that does what a layer does."""
    bare = name.rpartition(".")[2]
    found = cls.resolve(name) if bare[:1].islower() else None
    return isinstance(found, ExternalClass) and (
        found.origin == f"torch.nn.functional.{bare}" or (found.origin == f"torch.{bare}" and bare in _FUNCTIONS)
    )


_FUNCTIONS = frozenset("relu tanh sigmoid softmax flatten selu".split())


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
