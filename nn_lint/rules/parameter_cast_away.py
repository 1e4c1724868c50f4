"""
A parameter that is cast, moved or computed with before it is stored: `self.b = nn.Parameter(...).to(device)`.

## Why it hurts
What `.to()`, `.cuda()` or `* 0.02` give back is a plain tensor that was computed from the parameter. `nn.Module` does
not register it: it is not in `parameters()`, no optimizer trains it, `state_dict()` does not save it. A cast that has
nothing to do gives back the parameter itself, so that all is well on the CPU and the fault begins with the GPU.

## What is not reported
The cast inside (`nn.Parameter(torch.zeros(4).to(device))`), a parameter made anew of itself, `.requires_grad_(False)`,
and a parameter that is taken apart on purpose by `.detach()` or `.data`.

## Fix safety
Unsafe: casts go inside the call. The parameter is registered on every device from then on, trains, and `state_dict`
gets its key, which checkpoints that were saved before may lack. For arithmetic there is no fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit, Span
from nn_lint.fixing.build import insert
from nn_lint.model.layer_calls import is_parameter
from nn_lint.model.method import Method, bound_names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.stores import stores
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_CASTS = frozenset("to cuda cpu half float double bfloat16 type type_as xpu".split())
_COMPUTED = frozenset(
    "view reshape unsqueeze squeeze transpose permute expand repeat t clone mul div add sub flatten abs exp".split()
)
_KEPT = frozenset({"contiguous", "mean", "sum", "softmax", "sigmoid", "tanh", "normal", "sqrt", "log"})
"""Further methods that give a tensor; what `numel()`, `item()` or an unknown one gives is something else."""


_MADE = re.compile(r"Parameter\(")
_PARENTHESIS = re.compile(r"[()]")
_AFTER = re.compile(r"[\s)\\]*(?:\.|[-+*/@%])")
_BEFORE = re.compile(r"[-+*/@%][\s(]*(?:\w+\.)*\Z")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each attribute that gets what was computed from a new parameter."""
    for method in cls.methods if cls.is_module and not cls.defines("__setattr__") else ():
        for store in stores(method):
            value = _local(method, store.value.value) if isinstance(store.value, cst.Name) else store.value
            if value is not None:
                yield from _judge(cls, method, store.attribute, value)


def _local(method: Method, name: str) -> cst.BaseExpression | None:
    """What a local name was assigned, where that happens once."""
    if list(bound_names(method.node.body)).count(name) != 1:
        return None
    for node in method.own_nodes:
        targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
        if any(isinstance(item, cst.Name) and item.value == name for item in targets):
            return node.value if isinstance(node, cst.Assign) else None
    return None


def _judge(cls: ModuleClass, method: Method, name: str, value: cst.BaseExpression) -> Iterator[Finding]:
    steps, inner = _steps(value)
    lost = [step for step in steps if step in _CASTS | _COMPUTED]
    if not lost or not is_parameter(cls, method, inner) or f".{name}" in cls.syntax.text(inner):
        return
    if not all(step in _CASTS | _COMPUTED | _KEPT or step.endswith("_") for step in steps):
        return
    always = any(step in _COMPUTED for step in lost)
    when = "" if always else " as soon as the cast has something to do"
    message = (
        f"`self.{name}` is a plain tensor{when}, not the parameter: it is not in `parameters()`, never trains and is "
        f"not saved"
    )
    edits = () if always or set(steps) - _CASTS else tuple(_edits(cls, value, inner))
    yield Finding(
        cls.syntax.span(value), message, Repair("Cast the tensor inside of the parameter", edits) if edits else None
    )


def _steps(node: cst.BaseExpression) -> tuple[list[str], cst.BaseExpression]:
    """What happens to an expression, the last first, and the innermost one; arithmetic counts as `mul`."""
    steps: list[str] = []
    while True:
        if (
            isinstance(node, cst.Call)
            and isinstance(node.func, cst.Attribute)
            and isinstance(node.func.value, cst.Call)
        ):
            steps.append(node.func.attr.value)
            node = node.func.value
        elif isinstance(node, cst.BinaryOperation):
            steps.append("mul")
            node = node.left if isinstance(node.left, cst.Call) else node.right
        elif isinstance(node, cst.UnaryOperation):
            steps.append("mul")
            node = node.expression
        else:
            return steps, node


def _edits(cls: ModuleClass, value: cst.BaseExpression, inner: cst.BaseExpression) -> Iterator[Edit]:
    """The casts, as they are written, behind the tensor instead of behind the parameter."""
    first = inner.args[0] if isinstance(inner, cst.Call) and inner.args else None
    if first is None or first.star or (first.keyword is not None and first.keyword.value != "data"):
        return
    behind = Span(cls.syntax.span(inner).end, cls.syntax.span(value).end)
    casts = cls.syntax.lines.slice(behind)
    tensor = cls.syntax.span(first.value)
    if not casts.lstrip().startswith("."):
        return
    if isinstance(first.value, (cst.Call, cst.Name, cst.Attribute, cst.Subscript)):
        yield insert(tensor.end, casts)
    else:
        yield insert(tensor.start, "(")
        yield insert(tensor.end, f"){casts}")
    yield Edit(behind, "")


def sieve(facts: ClassFacts, source: str) -> bool:
    """The call of `Parameter`, and what may be done to its result."""
    return any(
        _BEFORE.search(source[max(found.start() - 60, 0) : found.start()])
        or _AFTER.match(source, _end_of_call(source, found.end()))
        for found in _MADE.finditer(source)
    )


def _end_of_call(source: str, start: int) -> int:
    """Where the parenthesis that is open at `start` is closed; a parenthesis in a string may lead astray."""
    depth = 1
    for found in _PARENTHESIS.finditer(source, start):
        depth += 1 if found.group() == "(" else -1
        if depth == 0:
            return found.end()
    return len(source)


RULE = Rule(
    code="NN404",
    name="parameter-cast-away",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Bias(nn.Module):
                def __init__(self, device="cuda"):
                    super().__init__()
                    self.b = nn.Parameter(torch.zeros(4)).to(device)  # NN404
                    self.c = nn.Parameter(torch.zeros(4), requires_grad=True).double()  # NN404
                    self.d = nn.Parameter(torch.rand(4) * 2 - 1).half().to(device)  # NN404
                def forward(self, x):
                    return x + self.b
            """,
            fixed="""
            import torch
            from torch import nn
            class Bias(nn.Module):
                def __init__(self, device="cuda"):
                    super().__init__()
                    self.b = nn.Parameter(torch.zeros(4).to(device))
                    self.c = nn.Parameter(torch.zeros(4).double(), requires_grad=True)
                    self.d = nn.Parameter((torch.rand(4) * 2 - 1).half().to(device))
                def forward(self, x):
                    return x + self.b
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Scaled(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.w = nn.Parameter(torch.randn(dim)) * 0.02  # NN404
                    self.v = 0.02 * nn.Parameter(torch.randn(dim))  # NN404
                    self.u = nn.Parameter(torch.randn(dim)).unsqueeze(0)  # NN404
                    t = nn.Parameter(torch.randn(dim)).to("meta")  # NN404
                    self.t = t
                def forward(self, x):
                    return x * self.w + self.v + self.u
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Fine(nn.Module):
                def __init__(self, device, other):
                    super().__init__()
                    self.a = nn.Parameter(torch.zeros(4).to(device))
                    self.b = nn.Parameter(torch.zeros(4)).requires_grad_(False)
                    self.c = nn.Parameter(torch.zeros(4)).detach()
                    self.fc = nn.Linear(4, 4).to(device)
                    self.d = other(nn.Parameter(torch.zeros(4))).to(device)
                    self.size = nn.Parameter(torch.zeros(4)).numel()
                    moved = nn.Parameter(torch.zeros(4)).to(device)
                    self.e = nn.Parameter(moved)
                    self.a = nn.Parameter(self.a.data.clone()).to(self.a.device)
                def forward(self, x):
                    return x + self.a.to(x.dtype)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Counted(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.count = nn.Parameter(torch.ones(3)).numel() * 2
                    self.rate = 1 / nn.Parameter(torch.ones(1)).item()
                    self.fixed = nn.Parameter(torch.ones(dim)).detach().to(torch.float64)
                def forward(self, x):
                    return x * self.count * self.rate * self.fixed
            class Auto(nn.Module):
                def __setattr__(self, name, value):
                    if torch.is_tensor(value) and value.requires_grad:
                        value = nn.Parameter(value.detach())
                    super().__setattr__(name, value)
            class Wrapped(Auto):
                def __init__(self, dim):
                    super().__init__()
                    self.w = nn.Parameter(torch.ones(dim)) * 0.1
                def forward(self, x):
                    return x * self.w
            """
        ),
    ),
)
