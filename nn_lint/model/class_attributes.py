"""What methods take of their own class by its name, though only instances have it: `Net.fc(x)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.project.hierarchy import TorchClass
from nn_lint.project.premises.nodes import is_attribute_of

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class TakenOfClass:
    """`Net.fc` in a method that has an instance at hand."""

    node: cst.Attribute
    method: Method


def may_take_of_class(cls: ModuleClass) -> bool:
    """Whether something of the class itself is read by its name that only `self` is given; libcst is not asked."""
    if cls.tree is None or not cls.is_certain:
        return False
    return any(is_attribute_of(node, cls.name) and node.attr in _of_instances(cls) for node in cls.tree.nodes)


def taken_of_class(cls: ModuleClass) -> Iterator[TakenOfClass]:
    """The attributes that are asked of the class and that nothing gives it."""
    if any(not isinstance(item, TorchClass) or item.name != "Module" for item in cls.ancestry.order):
        return
    content = cls.definition.file.text.content
    for method in cls.methods:
        if method.is_static or method.is_class_method or not method.positional or cls.name in method.locals:
            continue
        for node in method.nodes:
            if not isinstance(node, cst.Attribute) or not isinstance(node.value, cst.Name):
                continue
            name = node.attr.value
            given = rf"\b{cls.name}\.{name}\s*(?::[^=\n]*)?=(?!=)|\bcls\.{name}\b|[\"']{name}[\"']|\bsetattr\("
            if node.value.value == cls.name and name in _of_instances(cls) and not re.search(given, content):
                yield TakenOfClass(node, method)


def _of_instances(cls: ModuleClass) -> frozenset[str]:
    """What methods give to `self` and the body of the class does not have."""
    own = {item.name for item in cls.facts.methods} | cls.facts.assigned
    return cls.assigned_here - own
