"""
A module that keeps the module it is a part of: `self.child = Child(self)`, where `Child` stores its argument.

## Why it hurts
The two become submodules of each other. `.eval()`, `.train()`, `.to()`, `.apply()` and `print(model)` walk down the
tree of submodules and never come to an end: `RecursionError: maximum recursion depth exceeded`.

## What is not reported
A child that keeps the parent out of the tree, in a list, a tuple, a `weakref` or by `object.__setattr__`, and one that
takes only what it needs of it (`Child(self.dim)`, `self.dim = parent.dim`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.layer_calls import CONTAINERS, built_class, elements
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import Kinship, ProjectClass, TorchClass
from nn_lint.project.premises.parents import may_store_itself
from nn_lint.rules.rule import Example, Finding, Rule

_SPECIAL = ("__setattr__", "train", "_apply", "apply", "children", "named_children")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each submodule that gets hold of the module it is stored in."""
    if not cls.is_module or any(map(cls.defines, _SPECIAL)):
        return
    for method in cls.methods:
        if method.is_static or method.is_class_method:
            continue
        for node in method.own_nodes:
            if isinstance(node, cst.Assign):
                yield from _of_assignment(cls, method, node)
            elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
                yield from _of_growth(cls, method, node, node.func)


def _of_assignment(cls: ModuleClass, method: Method, node: cst.Assign) -> Iterator[Finding]:
    for item in node.targets:
        target = item.target
        name = self_attribute(target, method.receiver)
        if name is not None:
            if isinstance(node.value, cst.Name) and node.value.value == method.receiver:
                yield _finding(cls, node, f"`self.{name}` is the module itself")
            for call in _stored(cls, method, node.value):
                yield from _of_call(cls, method, call)
        elif isinstance(target, cst.Attribute) and isinstance(node.value, cst.Name):
            child = self_attribute(target.value, method.receiver)
            is_self = node.value.value == method.receiver and method.receiver not in ("", "cls")
            if child is not None and is_self and _is_submodule(cls, child):
                yield _finding(cls, node, f"`self.{child}` stores the module that it is a part of")


def _of_growth(cls: ModuleClass, method: Method, node: cst.Call, func: cst.Attribute) -> Iterator[Finding]:
    """`self.blocks.append(Child(self))`."""
    name = self_attribute(func.value, method.receiver)
    if name is None or func.attr.value != "append" or len(node.args) != 1:
        return
    layer = cls.layers.only(name)
    if layer is not None and layer.torch_name in CONTAINERS and isinstance(node.args[0].value, cst.Call):
        yield from _of_call(cls, method, node.args[0].value)


def _stored(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> Iterator[cst.Call]:
    """The calls whose results become submodules when an expression is assigned."""
    if not isinstance(node, cst.Call):
        return
    found = built_class(cls, method, node)
    if isinstance(found, TorchClass) and found.name in CONTAINERS:
        for argument in node.args:
            for item in elements(argument.value):
                yield from _stored(cls, method, item)
    else:
        yield node


def _of_call(cls: ModuleClass, method: Method, call: cst.Call) -> Iterator[Finding]:
    """The construction of a child that stores the parameter that `self` is given for."""
    given = [item for item in call.args if isinstance(item.value, cst.Name) and item.value.value == method.receiver]
    found = built_class(cls, method, call) if given else None
    if not isinstance(found, ProjectClass) or any(item.star for item in call.args):
        return
    child = cls.registry.model(found)
    init = child.find_method("__init__")
    if init is None or any(map(child.defines, _SPECIAL)):
        return
    for argument in given:
        place = list(call.args).index(argument) + 1
        names = [item.name for item in init.positional]
        name = argument.keyword.value if argument.keyword else names[place] if place < len(names) else None
        attribute = _kept_as(init, name) if name is not None else None
        if attribute is not None:
            yield _finding(cls, call, f"`{child.name}` stores the module that it is a part of, as `self.{attribute}`")


def _kept_as(init: Method, parameter: str) -> str | None:
    """The attribute that a parameter is assigned to as it is."""
    values = [item for item in init.own_nodes if isinstance(item, cst.Assign)]
    if next(walk(init.node.body, cst.Del), None) is not None or "_modules" in init.attributes_of(init.receiver):
        return None
    if any(
        isinstance(item.target, cst.Name) and item.target.value == parameter for node in values for item in node.targets
    ):
        return None
    for node in values:
        if isinstance(node.value, cst.Name) and node.value.value == parameter:
            names = (self_attribute(item.target, init.receiver) for item in node.targets)
            return next((name for name in names if name is not None), None)
    return None


def _is_submodule(cls: ModuleClass, attribute: str) -> bool:
    layer = cls.layers.only(attribute)
    if layer is None or cls.resolve_class(layer.cls) is not Kinship.MODULE:
        return False
    return layer.torch_name != "Parameter" and cls.find_method(attribute) is None


def _finding(cls: ModuleClass, node: cst.CSTNode, what: str) -> Finding:
    message = (
        f"{what}: the two are submodules of each other, and `.eval()`, `.to()` and `print()` end in a "
        f"`RecursionError`; hand over what is needed, or hide it in a tuple"
    )
    return Finding(cls.syntax.span(node), message)


_ALONE = re.compile(r"self(?![\w.])")
_LEGACY_SUPER = re.compile(r"super\([^()]*self\)")


def sieve(facts: ClassFacts, source: str) -> bool:
    """`self` stands alone, as an argument or as a value, or has another name."""
    named = sum(method.parameters[:1] == ("self",) for method in facts.methods)
    others = (method for method in facts.methods if method.parameters[:1] != ("self",))
    if any(not {"staticmethod", "classmethod"} & set(method.decorators) for method in others):
        return True
    return len(_ALONE.findall(source)) > named + len(_LEGACY_SUPER.findall(source))


RULE = Rule(
    code="NN411",
    name="parent-reference",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.tree is None or may_store_itself(cls.tree),
    examples=(
        Example(
            """
            from torch import nn
            class Child(nn.Module):
                def __init__(self, parent):
                    super().__init__()
                    self.parent = parent
            class Parent(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.child = Child(self)  # NN411
            class Stack(nn.Module):
                def __init__(self, depth):
                    super().__init__()
                    self.blocks = nn.ModuleList([Child(parent=self) for _ in range(depth)])  # NN411
                    self.more = nn.ModuleList()
                    for _ in range(depth):
                        self.more.append(Child(self))  # NN411
            class Linked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.fc.owner = self  # NN411
            class Itself(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.model = self  # NN411
            """
        ),
        Example(
            """
            import weakref
            from torch import nn
            class Sized(nn.Module):
                def __init__(self, parent):
                    super().__init__()
                    self.dim = parent.dim
            class Hidden(nn.Module):
                def __init__(self, parent):
                    super().__init__()
                    self.parent = [parent]
            class Weak(nn.Module):
                def __init__(self, parent):
                    super().__init__()
                    parent = weakref.ref(parent)
                    self.parent = parent
            class Raw(nn.Module):
                def __init__(self, parent):
                    super().__init__()
                    object.__setattr__(self, "parent", parent)
            class Plain:
                def __init__(self, model):
                    self.model = model
            class Keeps(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
            class Parent(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.dim = 4
                    self.sized = Sized(self)
                    self.hidden = Hidden(self)
                    self.weak = Weak(self)
                    self.raw = Raw(self)
                    self.plain = Plain(self)
                def wrapped(self):
                    wrapper = Keeps(self)
                    return wrapper
            """
        ),
        Example(
            """
            from torch import nn
            class Reporter:
                def __init__(self):
                    self.model = None
            class Brief(nn.Module):
                def __init__(self, parent):
                    super().__init__()
                    self.parent = parent
                    self.steps = self.parent.steps
                    del self.parent
            class Unlisted(nn.Module):
                def __init__(self, parent):
                    super().__init__()
                    self.parent = parent
                    self.__dict__["parent"] = self._modules.pop("parent")
            class Parent(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.steps = 4
                    self.reporter = Reporter()
                    self.reporter.model = self
                    self.brief = Brief(self)
                    self.unlisted = Unlisted(self)
            """
        ),
    ),
)
