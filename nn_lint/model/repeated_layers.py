"""Layers with weights that are put into several places of one container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import CONTAINERS, elements, holds_weights
from nn_lint.model.method import Method, bound_names
from nn_lint.model.occurrences import attribute_occurrences
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.hierarchy import TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_FLAG = re.compile(r"_?(?:use|with|has|is|add|do|no|apply|enable)_")
_REPEATING = (cst.BinaryOperation, cst.ListComp, cst.GeneratorExp, cst.For, cst.Call, cst.Assign)
_WEIGHTLESS = re.compile(r"act|relu|gelu|drop|pool|non_?lin|func|fn$|sigmoid|tanh", re.IGNORECASE)
_NUMBERED = re.compile(r"(\w*?)_?\d+")


@dataclass(frozen=True, slots=True)
class Repeat:
    """The expression that repeats a layer. `times`: how often, where a list is multiplied."""

    node: cst.CSTNode
    layer: str
    times: cst.BaseExpression | None = None


def find_repeats(cls: ModuleClass) -> Iterator[Repeat]:
    """Each place in the class's methods where one layer is handed out more than once."""
    for method in cls.methods:
        for node in walk(method.node.body, *_REPEATING):
            if isinstance(node, cst.BinaryOperation):
                yield from _multiplied(cls, method, node)
            elif isinstance(node, (cst.ListComp, cst.GeneratorExp)):
                yield from _comprehended(cls, method, node)
            elif isinstance(node, cst.For):
                yield from _appended(cls, method, node)
            elif isinstance(node, cst.Assign):
                yield from _named_twice(cls, method, node)
            elif isinstance(node, cst.Call):
                yield from _listed(cls, method, node)


def _multiplied(cls: ModuleClass, method: Method, node: cst.BinaryOperation) -> Iterator[Repeat]:
    """`[layer] * n` and `n * [layer]`."""
    if not isinstance(node.operator, cst.Multiply):
        return
    for listed, times in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(listed, cst.List) or _is_one(times) or _is_flag(method, times):
            continue
        for item in elements(listed):
            is_name = isinstance(item, cst.Name) and _is_one_layer(cls, method, item.value)
            if is_name or holds_weights(cls, method, item):
                yield Repeat(node, cls.syntax.text(item), times)
                return


def _is_one(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Integer) and node.value in ("0", "1")


def _is_flag(method: Method, node: cst.BaseExpression) -> bool:
    """Whether a list is multiplied by yes or no, which keeps it or drops it."""
    if isinstance(node, cst.Call) and dotted(node.func) in ("bool", "int") and len(node.args) == 1:
        return dotted(node.func) == "bool" or _is_flag(method, node.args[0].value)
    if isinstance(node, (cst.Comparison, cst.BooleanOperation)):
        return True
    if isinstance(node, cst.UnaryOperation):
        return isinstance(node.operator, cst.Not)
    name = (dotted(node) or "").rpartition(".")[2]
    parameter = next((item for item in method.parameters if item.name == name), None)
    is_said = parameter is not None and (parameter.annotation == "bool" or parameter.default in ("True", "False"))
    return is_said or _FLAG.match(name) is not None


def _comprehended(cls: ModuleClass, method: Method, node: cst.ListComp | cst.GeneratorExp) -> Iterator[Repeat]:
    """`[layer for _ in range(n)]`."""
    if not _counts(node.for_in.iter) or node.for_in.inner_for_in is not None:
        return
    if isinstance(node.elt, cst.Name):
        name = node.elt.value
        if name not in set(bound_names(node)) and _is_one_layer(cls, method, name):
            yield Repeat(node, name)
    attribute = self_attribute(node.elt, method.receiver)
    if attribute is not None and _is_only_repeated(cls, method, attribute):
        yield Repeat(node, cls.syntax.text(node.elt))


def _is_only_repeated(cls: ModuleClass, method: Method, attribute: str) -> bool:
    """Whether an attribute holds a layer with weights that the class uses nowhere but here."""
    layer = cls.layers.only(attribute)
    found = (attribute_occurrences(item.node.body, item.receiver, attribute) for item in cls.methods)
    uses = [chain for chains in found for chain in chains if not isinstance(chain[-2], cst.AssignTarget)]
    return layer is not None and len(uses) == 1 and holds_weights(cls, method, layer.call)


def _named_twice(cls: ModuleClass, method: Method, node: cst.Assign) -> Iterator[Repeat]:
    """`self.conv1 = self.conv2 = nn.Conv2d(8, 8, 3)`, where both are called."""
    names = [self_attribute(item.target, method.receiver) for item in node.targets]
    found = [match for name in names if name is not None and (match := _NUMBERED.fullmatch(name))]
    stems = {match[1] for match in found}
    if len(found) < 2 or len(found) < len(names) or len(stems) > 1 or not holds_weights(cls, method, node.value):
        return
    if all(any(True for _ in cls.calls_on_self(match[0])) for match in found):
        yield Repeat(node, cls.syntax.text(node.value))


def _appended(cls: ModuleClass, method: Method, node: cst.For) -> Iterator[Repeat]:
    """`for _ in range(n): layers.append(layer)`, where the loop does not make the layer."""
    if not _counts(node.iter):
        return
    bound = set(bound_names(node))
    for call in walk(node.body, cst.Call, into_scopes=False):
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or len(call.args) != 1:
            continue
        value = call.args[0].value
        name = value.value if isinstance(value, cst.Name) and call.func.attr.value == "append" else None
        if name is not None and name not in bound and _is_one_layer(cls, method, name):
            yield Repeat(call, name)


def _listed(cls: ModuleClass, method: Method, node: cst.Call) -> Iterator[Repeat]:
    """`nn.Sequential(fc, act, fc)`."""
    callee = dotted(node.func)
    if callee == "dict.fromkeys" and len(node.args) == 2 and holds_weights(cls, method, node.args[1].value):
        yield Repeat(node, cls.syntax.text(node.args[1].value))
    found = cls.resolve(callee) if callee is not None else None
    if not isinstance(found, TorchClass) or found.name not in CONTAINERS:
        return
    for argument in node.args:
        yield from _handed(method, argument.value)
    names = [item.value for argument in node.args for item in _written(argument) if isinstance(item, cst.Name)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        if _is_one_layer(cls, method, name):
            yield Repeat(node, name)


def _handed(method: Method, node: cst.BaseExpression) -> Iterator[Repeat]:
    """`nn.ModuleList([layer for _ in range(n)])` and `[layer] * n`, where the caller hands over the layer."""
    if isinstance(node, (cst.ListComp, cst.GeneratorExp)):
        if isinstance(node.elt, cst.Name) and _counts(node.for_in.iter) and _is_given(method, node.elt.value):
            yield Repeat(node, node.elt.value)
    elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        for listed, times in ((node.left, node.right), (node.right, node.left)):
            only = listed.elements[0].value if isinstance(listed, cst.List) and len(listed.elements) == 1 else None
            if not isinstance(only, cst.Name) or _is_one(times) or _is_flag(method, times):
                continue
            if _is_given(method, only.value) and _WEIGHTLESS.search(only.value) is None:
                yield Repeat(node, only.value)


def _is_given(method: Method, name: str) -> bool:
    """Whether a name is a parameter that is never given another value."""
    return any(item.name == name for item in method.parameters) and name not in set(bound_names(method.node.body))


def _written(argument: cst.Arg) -> tuple[cst.BaseExpression, ...]:
    """The arguments of a container; those in a list that is written out, each for itself."""
    value = argument.value
    return tuple(item.value for item in value.elements) if isinstance(value, (cst.List, cst.Tuple)) else (value,)


def _counts(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Call) and dotted(node.func) == "range"


def _is_one_layer(cls: ModuleClass, method: Method, name: str) -> bool:
    """Whether a local name is bound once, to a new layer that has weights."""
    if list(bound_names(method.node.body)).count(name) != 1 or any(item.name == name for item in method.parameters):
        return False
    for node in method.own_nodes:
        if isinstance(node, cst.Assign) and any(
            isinstance(item.target, cst.Name) and item.target.value == name for item in node.targets
        ):
            return holds_weights(cls, method, node.value)
    return False
