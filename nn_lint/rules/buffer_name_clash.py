"""
A buffer, parameter or submodule that is registered under a name which the object already has.

## Why it hurts
`KeyError: "attribute 'mask' already exists"` when the model is built: `self.mask = None` before
`self.register_buffer("mask", ...)` is enough, and so is a method or class attribute of that name, those of `nn.Module`
(`type`, `half`) among them. A name with a dot is refused as well.

## What is not reported
A name that was registered before, that is deleted first, or that only another path assigns; code that asks `hasattr`;
properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import libcst as cst

from nn_lint.model.layer_calls import built_class
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.stores import stores
from nn_lint.model.suites import Suites
from nn_lint.model.syntax import dotted, self_attribute, simple_statements, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import TorchClass
from nn_lint.project.torch_names import MODULE_NAMES
from nn_lint.rules.rule import Example, Finding, Rule

_KINDS = {
    "register_buffer": "buffer",
    "register_parameter": "parameter",
    "add_module": "submodule",
    "register_module": "submodule",
}
_OWN_CLASSES = {"buffer": ("Buffer",), "parameter": ("Parameter", "UninitializedParameter"), "submodule": ()}


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each registration that torch refuses because of its name."""
    init = cls.init
    if init is None or not cls.is_module or any(map(cls.defines, (*_KINDS, "__getattr__"))):
        return
    if {"hasattr", "delattr"} & init.names_read or next(walk(init.node.body, cst.Del), None) is not None:
        return
    if "__dict__" in init.attributes_of(init.receiver):
        return
    seen = set[str]()
    for node in init.own_nodes:
        kind = _KINDS.get(self_attribute(node.func, init.receiver) or "") if isinstance(node, cst.Call) else None
        if kind is None or not isinstance(node, cst.Call) or not node.args:
            continue
        name = _name(node.args[0])
        if name is None or name in seen:
            continue
        seen.add(name)
        reason = _reason(cls, init, node, kind, name)
        if reason is not None:
            yield Finding(cls.syntax.span(node), f"the {kind} `{name}` cannot be registered: {reason}")


def _name(argument: cst.Arg) -> str | None:
    is_name = argument.keyword is None or argument.keyword.value == "name"
    value = argument.value.evaluated_value if isinstance(argument.value, cst.SimpleString) and is_name else None
    return value if isinstance(value, str) and not argument.star else None


def _reason(cls: ModuleClass, init: Method, call: cst.Call, kind: str, name: str) -> str | None:
    if "." in name or not name:
        return "torch refuses names that are empty or have a dot, with a `KeyError`"
    ending = f"`KeyError: attribute '{name}' already exists` when the model is built"
    if name in MODULE_NAMES and not cls.defines(name):
        return f"it is the name of a method of `nn.Module`, {ending}"
    method = cls.find_method(name)
    if method is not None and not method.decorators:
        return f"it is the name of a method, {ending}"
    if name in _class_values(cls):
        return f"it is the name of a class attribute, {ending}"
    suites = Suites(init)
    for store in stores(init):
        is_before = store.attribute == name and cls.syntax.precedes(store.statement, call)
        if is_before and suites.runs_with(store.target, call) and _holds_another_kind(cls, init, store.value, kind):
            return f"`self.{name}` is assigned before, {ending}"
    return None


def _class_values(cls: ModuleClass) -> Iterator[str]:
    """The names to which the class body itself gives a value."""
    for node in simple_statements(cls.syntax.node.body):
        targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
        targets += [node.target] if isinstance(node, cst.AnnAssign) and node.value is not None else []
        yield from (item.value for item in targets if isinstance(item, cst.Name))


def _holds_another_kind(cls: ModuleClass, init: Method, value: cst.BaseExpression, kind: str) -> bool:
    """Whether a value is for certain not of the kind that may be registered again."""
    callee = dotted(value.func) if isinstance(value, cst.Call) else None
    found = cls.resolve(callee) if callee is not None else None
    if isinstance(found, TorchClass) and found.name in _OWN_CLASSES[kind]:
        return False
    if kind == "buffer":
        return True
    is_written = isinstance(value, (cst.List, cst.Dict, cst.BaseNumber, cst.BaseString))
    is_none = isinstance(value, cst.Name) and value.value in ("None", "True", "False")
    is_layer = built_class(cls, init, value) is not None
    return is_written or is_none or (is_layer and kind == "parameter")


_PLAIN_BASES = (("nn.Module",), ("Module",), ("torch.nn.Module",))
_STORED = re.compile(r"\.\s*(\w+)(?=[^=(\n]*=(?!=))")
_REGISTERED = re.compile(
    r"\.\s*(?:register_(?:buffer|parameter|module)|add_module)\(\s*(?:name\s*=\s*)?[uUrR]?[\"']([^\"']*)[\"']"
)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A registration by name of what is assigned, defined or written with a dot somewhere, or may be inherited."""
    names = set(_REGISTERED.findall(source))
    if not names:
        return False
    taken = {method.name for method in facts.methods} | facts.assigned | set(_STORED.findall(source))
    return (
        any(name in taken or name in MODULE_NAMES or not name or "." in name for name in names)
        or facts.bases[:1] not in _PLAIN_BASES
    )


def premise(cls: ModuleClass) -> bool:
    """The same with the methods that were read of the bases."""
    return sieve(replace(cls.facts, bases=("Module",)), cls.text) or not cls.inherited_methods.isdisjoint(
        _REGISTERED.findall(cls.text)
    )


RULE = Rule(
    code="NN409",
    name="buffer-name-clash",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Masked(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.mask = None
                    self.register_buffer("mask", torch.ones(n))  # NN409
                def forward(self, x):
                    return x * self.mask
            class Scaled(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.scale = torch.ones(n)
                    self.register_parameter("bias", None)
                    if n:
                        self.register_buffer("scale", self.scale)  # NN409
                def forward(self, x):
                    return x * self.scale
            class Method(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.register_buffer("weights", torch.ones(n))  # NN409
                def weights(self):
                    return 1
                def forward(self, x):
                    return x
            class Attribute(nn.Module):
                mean = None
                def __init__(self, n):
                    super().__init__()
                    self.register_buffer("mean", torch.ones(n))  # NN409
                def forward(self, x):
                    return x
            class Dotted(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.register_buffer("a.b", torch.ones(n))  # NN409
                def forward(self, x):
                    return x
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                mask: torch.Tensor
                def __init__(self, n, affine):
                    super().__init__()
                    self.n = n
                    self.register_buffer("mask", torch.ones(n))
                    self.mask = torch.zeros(n)
                    self.register_buffer("mask", torch.ones(n))
                    if affine:
                        self.weight = nn.Parameter(torch.ones(n))
                        self.scale = None
                    else:
                        self.register_parameter("weight", None)
                        self.register_buffer("scale", torch.ones(n))
                    self.bias = nn.Parameter(torch.zeros(n))
                    self.register_parameter("bias", None)
                def forward(self, x):
                    return x * self.mask
            class Asks(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.mask = None
                    if not hasattr(self, "mask"):
                        self.register_buffer("mask", torch.ones(n))
                def forward(self, x):
                    return x
            class Deletes(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.mask = torch.ones(n)
                    mask = self.mask
                    del self.mask
                    self.register_buffer("mask", mask)
                def forward(self, x):
                    return x
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Taken(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.mask = torch.ones(n)
                    self.register_buffer("mask", self.__dict__.pop("mask"))
                def forward(self, x):
                    return x * self.mask
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Typed(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.register_buffer("type", torch.ones(n))  # NN409
                    self.add_module("half", nn.Linear(n, n))  # NN409
                    self.register_buffer("kind", torch.ones(n))
                def forward(self, x):
                    return x * self.type
            """
        ),
    ),
)
