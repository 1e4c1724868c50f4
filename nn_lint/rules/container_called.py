"""
An `nn.ModuleList` or `nn.ModuleDict` that is called like a layer.

## Why it hurts
`NotImplementedError: Module [ModuleList] is missing the required "forward" function`, at the first call and not before:
these containers hold layers and do not know in which order, or whether, to apply them.

## What is not reported
`nn.Sequential`, an item of a container (`self.layers[0](x)`), a class of one's own that gives a container a `forward`,
and a container that something else takes the place of: by name, by `setattr`, or in an heir.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.method import Method, bound_names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import ProjectClass, TorchClass
from nn_lint.rules.rule import Example, Finding, Rule

_ADVICE = {
    "ModuleList": "loop over it, or use `nn.Sequential`",
    "ModuleDict": "take the layer by its key",
    "ParameterList": "take a parameter by its place",
    "ParameterDict": "take a parameter by its key",
}


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each call of a container."""
    for method in cls.methods if cls.is_module else ():
        for node in method.own_nodes:
            if isinstance(node, cst.Call) and (name := _container(cls, method, node.func)) is not None:
                text = "It" if isinstance(node.func, cst.Call) else f"`{cls.syntax.text(node.func)}`"
                message = f"{text} is an `nn.{name}`, which cannot be called: it has no `forward`; {_ADVICE[name]}"
                yield Finding(cls.syntax.span(node), message)


def _container(cls: ModuleClass, method: Method, called: cst.BaseExpression) -> str | None:
    """The bare name of the container that an expression is for certain."""
    attribute = self_attribute(called, method.receiver)
    if attribute is not None:
        if _is_replaced(cls, attribute):
            return None
        layer = cls.layers.only(attribute) if attribute in cls.layers.own and not cls.defines(attribute) else None
        return layer.torch_name if layer is not None and _is_named(layer.callee, layer.torch_name) else None
    if isinstance(called, cst.Call):
        return _built(cls, called)
    return _local(cls, method, called.value) if isinstance(called, cst.Name) else None


def _is_replaced(cls: ModuleClass, attribute: str) -> bool:
    """Whether the container is given a forward, or something near puts another module under its name."""
    if re.search(rf"\.{attribute}\.forward\s*=|[\"']{attribute}[\"']|\bsetattr\(", cls.text):
        return True
    hierarchy = cls.registry.hierarchy
    heirs = (
        ProjectClass(file, facts)
        for file in hierarchy.files.mentioning(cls.name, cls.definition.file)
        for facts in file.facts.classes
        if facts is not cls.facts
    )
    return any(
        cls.definition in hierarchy.ancestry(heir).order and attribute in cls.registry.model(heir).layers.assignments
        for heir in heirs
    )


def _is_named(callee: str, name: str | None) -> bool:
    """Whether a container goes by its own name."""
    return name in _ADVICE and callee.rpartition(".")[2] == name


def _built(cls: ModuleClass, call: cst.Call) -> str | None:
    callee = dotted(call.func)
    found = cls.resolve(callee) if callee is not None else None
    return found.name if isinstance(found, TorchClass) and _is_named(callee or "", found.name) else None


def _local(cls: ModuleClass, method: Method, name: str) -> str | None:
    if any(item.name == name for item in method.parameters) or list(bound_names(method.node.body)).count(name) != 1:
        return None
    if re.search(rf"\b{name}\.forward\s*=", cls.text):
        return None
    for node in method.own_nodes:
        targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
        if any(isinstance(item, cst.Name) and item.value == name for item in targets):
            value = node.value if isinstance(node, cst.Assign) else None
            return _built(cls, value) if isinstance(value, cst.Call) else None
    return None


_CONTAINER = rf"(?:\w+\.)*(?:{'|'.join(_ADVICE)})\("
_STORED = re.compile(rf"=\s*\(*\s*{_CONTAINER}")
_NAMED = re.compile(rf"(\w+)[ \t]*(?::[^=\n]+)?=\s*\(*\s*{_CONTAINER}")
_AT_ONCE = re.compile(rf"{_CONTAINER}[\s\S]*\)\s*\(")
_CALL_OF_CALL = re.compile(r"\)\s*\(")
_CALLED = re.compile(r"(\w+)\s*\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A container with a name that is called somewhere, or one that may be called at once."""
    if not any(name in source for name in _ADVICE):
        return False
    names = set(_NAMED.findall(source)) if _STORED.search(source) is not None else set()
    return not names.isdisjoint(_CALLED.findall(source)) or (
        _CALL_OF_CALL.search(source) is not None and _AT_ONCE.search(source) is not None
    )


RULE = Rule(
    code="NN414",
    name="container-called",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU()])
                    self.heads = nn.ModuleDict({"a": nn.Linear(4, 1)})
                def forward(self, x):
                    x = self.layers(x)  # NN414
                    return self.heads(x)  # NN414
            class Local(nn.Module):
                def forward(self, x):
                    layers = nn.ModuleList([nn.ReLU()])
                    return layers(x)  # NN414
            """
        ),
        Example(
            """
            from torch import nn
            class Named(nn.ModuleDict):
                def forward(self, x):
                    return self["a"](x)
            class Net(nn.Module):
                def __init__(self, flat):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU()])
                    self.net = nn.Sequential(*self.layers)
                    self.named = Named({"a": nn.Linear(4, 4)})
                    self.either = nn.ModuleList([nn.ReLU()])
                    if flat:
                        self.either = nn.Sequential(*self.either)
                def forward(self, x):
                    for layer in self.layers:
                        x = layer(x)
                    return self.either(self.named(self.net(self.layers[0](x))))
            """
        ),
        Example(
            """
            from torch import nn
            class Replaced(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.first = nn.ModuleList([nn.ReLU()])
                    self.add_module("first", nn.Sequential(*self.first))
                    self.second = nn.ModuleList([nn.ReLU()])
                    self.second.forward = self.run
                def run(self, x):
                    return self.second[0](x)
                def forward(self, x):
                    layers = nn.ModuleList([nn.ReLU()])
                    layers.forward = layers[0].forward
                    return layers(self.first(self.second(x)))
            class Base(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.ReLU()])
                def forward(self, x):
                    return self.layers(x)
            class Heir(Base):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.Sequential(*self.layers)
            """
        ),
    ),
)
