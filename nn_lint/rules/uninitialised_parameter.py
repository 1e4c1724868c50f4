"""
A parameter over memory that nothing fills: `nn.Parameter(torch.empty(4))` and no initialiser.

## Why it hurts
`torch.empty` and `torch.Tensor(n)` take memory as they find it: the parameter starts with leftovers of other tensors,
zeros in one run, `1e30` or `nan` in the next. A model trains today and gives `nan` tomorrow.

## What is not reported
A parameter that any code near mentions outside of `forward`, or that `forward` writes into or hands to a method; one
without elements; and classes whose parameters may be filled through `parameters()`, by `apply`, or by a function that
gets the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.new_tensors import UNFILLED, new_tensor
from nn_lint.model.occurrences import Chain, attribute_occurrences
from nn_lint.model.stores import stores
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import TorchClass
from nn_lint.project.sites import may_see
from nn_lint.rules.rule import Example, Finding, Rule

_FILLS_ALL = (
    r"\bin\s+[\w.]+\.(?:named_)?(?:parameters|modules|children)\(|\.apply\(|\bpost_init\(|\b_?load_\w+\(|from_pretrained"
    r"|state_dict|reset_parameters|init_weights|\binitialize\("
)
_FILLS_OWN = re.compile(r"\b_?(?:named_)?parameters\(|\b_parameters\b|vector_to_parameters")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each parameter that the class and its file leave as it was found."""
    init, forward = cls.init, cls.method("forward")
    if init is None or forward is None or not cls.is_certain or cls.facts.decorators:
        return
    for store in stores(init):
        value = store.value
        callee = dotted(value.func) if isinstance(value, cst.Call) else None
        if callee is None or not isinstance(value, cst.Call) or not callee.endswith("Parameter"):
            continue
        if cls.resolve(callee) != TorchClass("Parameter"):
            continue
        tensor = new_tensor(cls, init, value.args[0].value) if value.args else None
        if tensor is None or not _is_unfilled(tensor):
            continue
        counts = (owner.layers.assignments.get(store.attribute, 0) for owner in (cls, *cls.ancestors))
        is_left = sum(counts) == 1 and _is_only_read(cls, forward, store.attribute)
        if is_left and not _may_be_filled(cls, init):
            message = f"nothing fills `self.{store.attribute}`: it starts with leftovers in memory, perhaps `nan`"
            yield Finding(cls.syntax.span(value), message)


def _is_unfilled(call: cst.Call) -> bool:
    """`torch.empty(...)` and `torch.Tensor(n, m)`; `torch.Tensor([1.0])` and `torch.Tensor(array)` have values."""
    name = (dotted(call.func) or "").rpartition(".")[2]
    if name not in UNFILLED or not call.args or any(_is_nothing(item) for item in call.args):
        return False
    if name == "empty":
        return True
    return all(isinstance(item.value, (cst.Integer, cst.BinaryOperation)) for item in call.args) or (
        len(call.args) > 1 and all(isinstance(item.value, (cst.Integer, cst.Name)) for item in call.args)
    )


def _is_nothing(argument: cst.Arg) -> bool:
    """A size of zero, or a device without memory."""
    value = argument.value
    if isinstance(value, cst.SimpleString):
        return value.evaluated_value == "meta"
    return isinstance(value, cst.Integer) and value.evaluated_value == 0


def _may_be_filled(cls: ModuleClass, init: Method) -> bool:
    """Whether some code may fill all parameters, whatever their names."""
    handed = {
        name for owner in (cls, *cls.ancestors) for method in owner.methods for name in method.hands_receiver_to()
    }
    if handed - {"super", "isinstance", "type"} or init.decorators or _FILLS_OWN.search(cls.text):
        return True
    hierarchy = cls.registry.hierarchy
    return any(
        file.matches(_FILLS_ALL)
        for file in hierarchy.files.mentioning(cls.name, cls.definition.file)
        if may_see(cls.definition, file)
    )


def _is_only_read(cls: ModuleClass, forward: Method, attribute: str) -> bool:
    """Whether the file takes the parameter in `forward` alone, and only computes with it there."""
    for method in cls.methods:
        for chain in attribute_occurrences(method.node.body, method.receiver, attribute):
            if isinstance(chain[-2], cst.AssignTarget):
                continue
            if method is not forward or isinstance(chain[-2], cst.Attribute) or _is_written(forward, chain):
                return False
    calls = (node for node in walk(forward.node.body, cst.Call) if isinstance(node, cst.Call))
    given = [item for call in calls if "init" in (dotted(call.func) or "") for item in call.args]
    if any(self_attribute(item.value, forward.receiver) == attribute for item in given):
        return False
    text = cls.definition.file.text.content
    return re.search(rf"(?<!\bself)\.{attribute}\b|[\"']{attribute}[\"']", text) is None and bool(
        attribute in forward.attributes_of(forward.receiver)
    )


def _is_written(forward: Method, chain: Chain) -> bool:
    """`self.loc[:] = ...`, and a parameter that is handed to a method of the module."""
    parent, around = chain[-2], chain[-3]
    if isinstance(parent, cst.Subscript):
        return isinstance(around, cst.AssignTarget)
    is_call = isinstance(parent, cst.Arg) and isinstance(around, cst.Call)
    name = self_attribute(around.func, forward.receiver) if is_call and isinstance(around, cst.Call) else None
    return name is not None


_EMPTY = re.compile(r"\b(?:empty|\w*Tensor)\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A parameter over new memory, in a class with both an `__init__` and a `forward`."""
    return (
        "Parameter(" in source
        and {"__init__", "forward"} <= {item.name for item in facts.methods}
        and _EMPTY.search(source) is not None
    )


RULE = Rule(
    code="NN416",
    name="uninitialised-parameter",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=lambda cls: not cls.definition.file.matches(_FILLS_ALL),
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Scale(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.w = nn.Parameter(torch.empty(n))  # NN416
                    self.b = nn.Parameter(torch.Tensor(n, n))  # NN416
                    self.c = nn.Parameter(torch.empty(n))
                    nn.init.zeros_(self.c)
                def forward(self, x):
                    return x * self.w + self.b + self.c
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Reset(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = nn.Parameter(torch.empty(dim, 1))
                    self.v = nn.Parameter(torch.Tensor([1.0, 2.0]))
                    self.reset()
                def reset(self):
                    nn.init.xavier_uniform_(self.a)
                def forward(self, x):
                    return x @ self.a * self.v
            class Handed(nn.Module):
                def __init__(self, dim, fill):
                    super().__init__()
                    self.u = nn.Parameter(torch.empty(dim))
                    fill(self)
                def forward(self, x):
                    return x * self.u
            class Filled(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.t = nn.Parameter(torch.empty(dim).uniform_(-1, 1))
                    self.s = nn.Parameter(torch.zeros(dim))
                def forward(self, x):
                    return x * self.t + self.s
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Loop(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.u = nn.Parameter(torch.empty(dim, dim))
                    for p in self.parameters():
                        nn.init.xavier_uniform_(p)
                def forward(self, x):
                    return x @ self.u
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            from torch.nn.utils import vector_to_parameters
            class Vector(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.one = nn.Parameter(torch.empty(n))
                    vector_to_parameters(torch.zeros(n), self.parameters())
                def forward(self, x):
                    return x * self.one
            class Values(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.two = nn.Parameter(torch.empty(n))
                    [nn.init.ones_(value) for value in self._parameters.values()]
                def forward(self, x):
                    return x * self.two
            class Late(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.loc = nn.Parameter(torch.empty(n))
                    self.log_scale = nn.Parameter(torch.empty(n))
                    self.none = nn.Parameter(torch.empty(0, n))
                    self.virtual = nn.Parameter(torch.empty(n, device="meta"))
                    self.is_ready = False
                def fill(self, parameter, values):
                    parameter.data[:] = values
                def forward(self, x):
                    if not self.is_ready:
                        with torch.no_grad():
                            self.loc[:] = x.mean(0)
                        self.fill(self.log_scale, x.std(0).log())
                        self.is_ready = True
                    return (x - self.loc) * self.log_scale.exp() + self.none.sum() + len(self.virtual)
            """
        ),
    ),
)
