"""Attributes that forward computes from their own former value, with the graph that made it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.attributes import assigned_attributes
from nn_lint.model.expressions import Flow
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.model.torch_calls import torch_function
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_DETACHING = re.compile(r"detach|\.data\b|no_grad|inference_mode|\.item\(|\.copy_\(|stop_grad|torch_jit|float\(")
_WIDTH = frozenset({"GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell", "Linear", "Conv1d", "Conv2d", "Conv3d"})


@dataclass(frozen=True, slots=True)
class Carried:
    """An attribute, and the statement of forward that keeps it."""

    attribute: str
    statement: cst.CSTNode


def carried_states(cls: ModuleClass) -> Iterator[Carried]:
    """The attributes that the constructor starts, and that forward sets to what it computes from them."""
    forward, init = cls.method("forward"), cls.init
    if forward is None or init is None or _DETACHING.search(cls.text):
        return
    started = set(assigned_attributes(init)) - set(cls.layers.by_attribute)
    for name in sorted(started & set(assigned_attributes(forward))):
        if not _is_set_elsewhere(cls, name) and cls.flow is not None:
            statement = _keeping(cls, forward, cls.flow, name)
            if statement is not None:
                yield Carried(name, statement)


def _is_set_elsewhere(cls: ModuleClass, name: str) -> bool:
    methods = (method for owner in (cls, *cls.ancestors) for method in owner.methods)
    others = (method for method in methods if method.name not in ("__init__", "forward"))
    if any(name in assigned_attributes(method) for method in others):
        return True
    content = cls.definition.file.text.content
    if re.search(rf"(?<!register_buffer\()[\"']{re.escape(name)}[\"']", content) or re.search(
        r"\b__dict__\b|\bsetattr\(", cls.text
    ):
        return True
    stores = re.finditer(rf"(\w+)\.{re.escape(name)}\b[^=\n]*=(?!=)", content)
    return any(found[1] != "self" for found in stores)


def _keeping(cls: ModuleClass, forward: Method, flow: Flow, name: str) -> cst.CSTNode | None:
    """The statement that sets the attribute to what a layer, or an average, makes of its former value.

    A value that was stored before in the same call is not a former one: the first statement that touches the attribute
    without a condition decides.
    """
    if _starts_afresh(forward, name) or _is_dropped(forward, flow, name) or _is_reset_on_demand(forward, flow, name):
        return None
    for node in forward.own_nodes:
        if not isinstance(node, cst.Assign):
            continue
        value = _stored(forward, node, flow, name)
        if value is not None and not _is_switched_on(forward, node) and _mixes(cls, forward, flow, value, name):
            return node
    return None


def _is_switched_on(forward: Method, node: cst.Assign) -> bool:
    """Whether the statement stands below `if self.keeps_state:`; who turns that on may need no graph."""
    for condition in walk(forward.node.body, cst.If):
        if isinstance(condition, cst.If) and any(inner is node for inner in walk(condition.body)):
            test = condition.test
            if isinstance(test, cst.Attribute) and self_attribute(test, forward.receiver) is not None:
                return True
    return False


def _starts_afresh(forward: Method, name: str) -> bool:
    """Whether the first statement of forward that touches the attribute sets it without reading it."""
    for statement in forward.statements:
        touching = [node for node in walk(statement, cst.Attribute) if self_attribute(node, forward.receiver) == name]
        if touching:
            targets = [item.target for item in statement.targets] if isinstance(statement, cst.Assign) else []
            return all(any(node is target for target in targets) for node in touching)
    return True


def _is_dropped(forward: Method, flow: Flow, name: str) -> bool:
    """Whether forward sets the attribute to something that no input reaches, whatever happens before."""
    for statement in forward.statements:
        targets = [item.target for item in statement.targets] if isinstance(statement, cst.Assign) else []
        if isinstance(statement, cst.Assign) and any(
            self_attribute(item, forward.receiver) == name for item in targets
        ):
            value = flow.made.get(statement.value)
            if value is None or not value.depends:
                return True
    return False


def _is_reset_on_demand(forward: Method, flow: Flow, name: str) -> bool:
    """Whether a parameter of forward decides that the state begins anew: `if reset: self.h = None`."""
    parameters = {item.name for item in forward.parameters[1:]}
    for condition in walk(forward.node.body, cst.If, cst.IfExp):
        if not isinstance(condition, (cst.If, cst.IfExp)) or parameters.isdisjoint(_names(condition.test)):
            continue
        if isinstance(condition, cst.If) and any(_resets(forward, node, flow, name) for node in walk(condition)):
            return True
    return any(
        isinstance(node, cst.Assign)
        and any(self_attribute(item.target, forward.receiver) == name for item in node.targets)
        and isinstance(node.value, cst.IfExp)
        and not parameters.isdisjoint(_names(node.value.test))
        for node in forward.own_nodes
    )


def _resets(forward: Method, node: cst.CSTNode, flow: Flow, name: str) -> bool:
    if not isinstance(node, cst.Assign):
        return False
    value = flow.made.get(node.value)
    is_stored = any(self_attribute(item.target, forward.receiver) == name for item in node.targets)
    return is_stored and (value is None or not value.depends)


def _names(node: cst.CSTNode) -> set[str]:
    return {item.value for item in walk(node, cst.Name) if isinstance(item, cst.Name)}


def _stored(forward: Method, node: cst.Assign, flow: Flow, name: str) -> Value | None:
    """What a statement puts into the attribute; of a tuple that is unpacked, the whole."""
    for target in node.targets:
        parts = walk(target.target, cst.Attribute)
        if any(self_attribute(part, forward.receiver) == name for part in parts):
            return flow.made.get(node.value)
    return None


def _is_foreign(cls: ModuleClass, forward: Method, value: Value, name: str) -> bool:
    """Whether a function of the project gets the state, and may detach it: `repackage(self.h)`."""
    node = value.node
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name):
        return False
    given = (self_attribute(item, forward.receiver) for item in walk(node, cst.Attribute))
    return name in given and torch_function(cls, node) is None


def _mixes(cls: ModuleClass, forward: Method, flow: Flow, value: Value, name: str) -> bool:
    """Whether a value needs gradients and comes of the attribute's former value."""
    made = list(value.ancestors())
    if any(_is_foreign(cls, forward, item, name) for item in made):
        return False
    if not value.depends or not any(item.layer is not None and item.layer.torch_name in _WIDTH for item in made):
        return False
    if any(isinstance(item.node, cst.Call) and torch_function(cls, item.node) == "no_grad" for item in made):
        return False
    for item in made:
        is_layer = item.layer is not None and item.layer.torch_name in _WIDTH
        if item.kind not in (Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY) and not is_layer:
            continue
        if any(part.name == f"{forward.receiver}.{name}" for operand in item.operands for part in operand.ancestors()):
            return True
        node = item.node
        if node is not None and any(
            self_attribute(part, forward.receiver) == name for part in walk(node, cst.Attribute)
        ):
            return True
    return False
