"""Which expressions of a method are modules for certain: attributes, loops over modules, names that stand for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method, bound_names, target_names
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.project.hierarchy import Kinship, ProjectClass, Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_LISTS = frozenset({"Sequential", "ModuleList"})
_WALKS = frozenset({"children", "modules"})
_NAMED_WALKS = frozenset({"named_children", "named_modules"})


def is_known_module(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> bool:
    """Whether an expression is a module, and no parameter, whatever the class was built with."""
    attribute = self_attribute(node, method.receiver)
    if attribute is not None:
        return _is_module_attribute(cls, attribute)
    if not isinstance(node, cst.Name):
        return False
    bound = list(bound_names(method.node.body)).count(node.value)
    if any(item.name == node.value for item in method.parameters[1:]):
        return bound == 0 and _is_handed_modules(cls, method, node.value)
    loops = [item for item in walk(method.node.body, cst.For) if node.value in _targets(item)]
    return 0 < bound == len(loops) and all(_is_looped(cls, method, loop, node.value) for loop in loops)


def _targets(loop: cst.CSTNode) -> tuple[str, ...]:
    return tuple(target_names(loop.target)) if isinstance(loop, cst.For) else ()


def _is_module_attribute(cls: ModuleClass, attribute: str) -> bool:
    """A layer that can be read, or what the class calls: no parameter can be called."""
    layer = cls.layers.only(attribute)
    if layer is not None:
        return _is_module_class(cls, layer.cls)
    is_known = attribute in cls.layers.by_attribute or cls.find_method(attribute) is not None
    return not is_known and attribute in cls.called_attributes and attribute in cls.rebound_attributes


def _is_module_class(cls: ModuleClass, found: Resolved) -> bool:
    """A module without a `requires_grad` of its own."""
    if isinstance(found, TorchClass):
        return found.is_module
    if not isinstance(found, ProjectClass) or cls.resolve_class(found) is not Kinship.MODULE:
        return False
    model = cls.registry.model(found)
    owners = (model, *model.ancestors)
    return model.ancestry.complete and not any("requires_grad" in item.own_attributes for item in owners)


def _is_handed_modules(cls: ModuleClass, method: Method, name: str) -> bool:
    """Whether a helper is only called on `self`, with a module for a parameter."""
    if method.name == "__init__" or method.is_static or method.is_class_method or method.parameters[1].name != name:
        return False
    found = [
        (owner, call.args[:1])
        for owner in cls.methods
        for call in walk(owner.node.body, cst.Call)
        if isinstance(call, cst.Call) and self_attribute(call.func, owner.receiver) == method.name
    ]
    return bool(found) and all(
        len(first) == 1
        and first[0].keyword is None
        and not first[0].star
        and self_attribute(first[0].value, owner.receiver) is not None
        and is_known_module(cls, owner, first[0].value)
        for owner, first in found
    )


def _is_looped(cls: ModuleClass, method: Method, loop: cst.CSTNode, name: str) -> bool:
    """`for m in self.children()`, `for _, m in self.named_modules()`, `for m in [self.a, self.b]`, or in `self.net`."""
    if not isinstance(loop, cst.For):
        return False
    callee = loop.iter.func if isinstance(loop.iter, cst.Call) else None
    walked = callee.attr.value if isinstance(callee, cst.Attribute) else None
    if isinstance(loop.target, cst.Tuple):
        last = loop.target.elements[-1].value
        return walked in _NAMED_WALKS and isinstance(last, cst.Name) and last.value == name
    if not isinstance(loop.target, cst.Name) or loop.target.value != name:
        return False
    return walked in _WALKS or _all_modules(cls, method, loop.iter)


def _all_modules(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> bool:
    """Whether an expression lists modules and nothing else."""
    if isinstance(node, (cst.List, cst.Tuple)):
        return bool(node.elements) and all(
            isinstance(item, cst.Element) and is_known_module(cls, method, item.value) for item in node.elements
        )
    attribute = self_attribute(node, method.receiver)
    layer = cls.layers.only(attribute) if attribute is not None else None
    return layer is not None and layer.torch_name in _LISTS
