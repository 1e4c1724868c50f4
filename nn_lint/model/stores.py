"""The statements of a method that give an attribute of `self` its value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.syntax import self_attribute


@dataclass(frozen=True, slots=True)
class Store:
    """`self.attribute = value`, also with an annotation or several targets."""

    attribute: str
    target: cst.CSTNode
    value: cst.BaseExpression
    statement: cst.Assign | cst.AnnAssign


def stores(method: Method) -> Iterator[Store]:
    """The assignments to attributes, in the order of the text, those of nested functions left out."""
    for node in method.own_nodes:
        if isinstance(node, cst.Assign):
            targets: list[cst.CSTNode] = [item.target for item in node.targets]
        elif isinstance(node, cst.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            name = self_attribute(target, method.receiver)
            if name is not None and node.value is not None:
                yield Store(name, target, node.value, node)
