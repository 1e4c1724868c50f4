"""Attributes that a method sets on its receiver, and attributes that it reads from it."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.syntax import self_attribute


def assigned_attributes(method: Method) -> Iterator[str]:
    """The attributes that a method sets: assignments, also to several targets, and `setattr` with a literal name."""
    for node in method.nodes:
        if isinstance(node, (cst.AssignTarget, cst.AnnAssign, cst.AugAssign)):
            yield from _targets(node.target, method.receiver)
        elif isinstance(node, cst.Call):
            yield from _named_by_call(node, method.receiver)


def read_attributes(method: Method) -> Iterator[str]:
    """The attributes that a method takes from its receiver other than to set them."""
    targets = {node.target for node in method.nodes if isinstance(node, (cst.AssignTarget, cst.AnnAssign))}
    for node in method.nodes:
        name = self_attribute(node, method.receiver)
        if name is not None and node not in targets:
            yield name


def _targets(target: cst.CSTNode, receiver: str) -> Iterator[str]:
    if isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _targets(element.value, receiver)
    elif (name := self_attribute(target, receiver)) is not None:
        yield name


def _named_by_call(node: cst.Call, receiver: str) -> Iterator[str]:
    """`setattr(self, "fc", ...)`, `self.add_module("fc", ...)`, `self.register_buffer("mean", ...)`."""
    arguments = [item.value for item in node.args]
    if isinstance(node.func, cst.Name) and node.func.value == "setattr":
        arguments = arguments[1:]
    elif not (self_attribute(node.func, receiver) or "").startswith(("register_", "add_module")):
        return
    if arguments and isinstance(arguments[0], cst.SimpleString):
        value = arguments[0].evaluated_value
        if isinstance(value, str):
            yield value
