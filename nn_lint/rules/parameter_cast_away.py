"""
A parameter that is cast, moved or computed with before it is stored: `self.b = nn.Parameter(...).to(device)`.

## Why it hurts
What `.to()`, `.cuda()` or `* 0.02` give back is a plain tensor that was computed from the parameter. `nn.Module` does
not register it: it is not in `parameters()`, no optimizer trains it, `state_dict()` does not save it. A cast that has
nothing to do gives back the parameter itself, so that all is well on the CPU and the fault begins with the GPU. Where
the attribute is a parameter already (`self.b = self.b.cuda()`), torch raises `TypeError` instead.

## What is not reported
The cast inside (`nn.Parameter(torch.zeros(4).to(device))`), a parameter made anew of itself, `.requires_grad_(False)`,
and a parameter that is taken apart on purpose by `.detach()` or `.data`.

## Fix safety
Unsafe: casts go inside the call. The parameter is registered on every device from then on, trains, and `state_dict`
gets its key, which checkpoints that were saved before may lack. For arithmetic, and for a parameter that has a name of
its own, there is no fix.
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
from nn_lint.model.occurrences import name_occurrences
from nn_lint.model.stores import stores
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.casts import may_cast_away
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_CASTS = frozenset("to cuda cpu half float double bfloat16 type type_as xpu".split())
_COMPUTED = frozenset(
    "view reshape unsqueeze squeeze transpose permute expand repeat t clone mul div add sub flatten abs exp".split()
)
_KEPT = frozenset({"contiguous", "mean", "sum", "softmax", "sigmoid", "tanh", "normal", "sqrt", "log"})
"""Further methods that give a tensor; what `numel()`, `item()` or an unknown one gives is something else."""
_FUNCTIONS = frozenset("sigmoid tanh exp log abs sqrt softmax relu neg".split())
_KEPT_ON_CPU = frozenset({"cpu", "float", "type_as"})
"""Casts that mostly give back the parameter that they are called on."""


_MADE = re.compile(r"Parameter\(")
_PARENTHESIS = re.compile(r"[()]")
_AFTER = re.compile(r"[\s)\\]*(?:\.|[-+*/@%])")
_BEFORE = re.compile(r"(?:[-+*/@%]|\btorch\.\w+\()[\s(]*(?:\w+\.)*\Z")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each attribute that gets what was computed from a new parameter."""
    for method in cls.methods if cls.is_module and not cls.defines("__setattr__") else ():
        for store in stores(method):
            value = _local(method, store.value.value) if isinstance(store.value, cst.Name) else store.value
            if value is not None:
                yield from _judge(cls, method, store.attribute, value)
                yield from _judge_named(cls, method, store.attribute, value)


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


def _judge_named(cls: ModuleClass, method: Method, name: str, value: cst.BaseExpression) -> Iterator[Finding]:
    """Report `self.w = w.to(device)` for a local parameter, and `self.w = self.w.to(device)` where that is one."""
    steps, inner = _steps(value)
    if not steps or not all(step in (_CASTS | _COMPUTED) - _KEPT_ON_CPU for step in steps):
        return
    always = any(step in _COMPUTED for step in steps)
    when = "" if always else " as soon as the cast has something to do"
    if isinstance(inner, cst.Name) and _is_taken_once(cls, method, inner.value):
        message = (
            f"`self.{name}` is a plain tensor{when}, not the parameter `{inner.value}`: it is not in `parameters()`, "
            f"never trains and is not saved"
        )
        yield Finding(cls.syntax.span(value), message)
    elif self_attribute(inner, method.receiver) == name and _is_parameter_before(cls, method, name):
        message = (
            f"`self.{name}` is a parameter, and what is computed from it is none: {when.lstrip() or 'always'}, torch "
            f"raises `TypeError: cannot assign 'torch.FloatTensor' as parameter '{name}'`"
        )
        yield Finding(cls.syntax.span(value), message)


def _is_taken_once(cls: ModuleClass, method: Method, name: str) -> bool:
    """Whether a local name is a new parameter that nothing else is done with."""
    value = _local(method, name)
    uses = [chain for chain in name_occurrences(method.node.body, name) if not isinstance(chain[-2], cst.AssignTarget)]
    return value is not None and len(uses) == 1 and is_parameter(cls, method, value)


def _is_parameter_before(cls: ModuleClass, method: Method, name: str) -> bool:
    """Whether `__init__` gives the attribute a parameter first, and nothing but that and what is computed from it."""
    values = [store.value for store in stores(method) if store.attribute == name]
    is_all = cls.layers.assignments.get(name) == len(values) == 2
    return is_all and method.name == "__init__" and is_parameter(cls, method, values[0])


def _steps(node: cst.BaseExpression) -> tuple[list[str], cst.BaseExpression]:
    """What happens to an expression, the last first, and the innermost one; arithmetic counts as `mul`."""
    steps: list[str] = []
    while True:
        step, inner = _step(node)
        if inner is None:
            return steps, node
        steps.append(step)
        node = inner


def _step(node: cst.BaseExpression) -> tuple[str, cst.BaseExpression | None]:
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        name, owner = node.func.attr.value, node.func.value
        if dotted(owner) == "torch":
            return "mul", node.args[0].value if name in _FUNCTIONS and node.args else None
        is_done = isinstance(owner, cst.Call) or name in _CASTS | _COMPUTED
        return name, owner if is_done else None
    if isinstance(node, cst.Attribute) and node.attr.value in ("T", "mT"):
        return "t", node.value
    if isinstance(node, cst.BinaryOperation):
        sides = sorted((node.left, node.right), key=lambda side: not isinstance(side, cst.Call))
        is_number = isinstance(sides[0], (cst.Integer, cst.Float))
        return "mul", sides[1] if is_number else sides[0]
    if isinstance(node, cst.UnaryOperation):
        return "mul", node.expression
    return "", None


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


_NAMED = re.compile(r"(\w+)[ \t)]*(?::[^=\n]+)?=[ \t(\\\r\n]*(?:\w+\.)*Parameter\(")
_TAKEN = re.compile(r"\b(\w+)[\s)\\]*(?:\.[\s\\]*(?:" + "|".join(_CASTS | _COMPUTED | {"T", "mT"}) + r")\b|[-+*/@%])")
_OPERAND = re.compile(r"(?:[-+*/@%]|torch\.\w+\()[\s(]*(?:\w+\.)*(\w+)")


def sieve(facts: ClassFacts, source: str) -> bool:
    """The call of `Parameter`, and what may be done to its result, also under the name that it is given."""
    found = list(_MADE.finditer(source))
    if not found:
        return False
    named = set(_NAMED.findall(source))
    if named and not named.isdisjoint((*_TAKEN.findall(source), *_OPERAND.findall(source))):
        return True
    return any(
        _BEFORE.search(source[max(item.start() - 60, 0) : item.start()])
        or _AFTER.match(source, _end_of_call(source, item.end()))
        for item in found
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
    premise=lambda cls: cls.tree is None or may_cast_away(cls.tree),
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
            class Moved(nn.Module):
                def __init__(self, dim, device):
                    super().__init__()
                    self.w = nn.Parameter(torch.zeros(dim))
                    self.w = self.w.cuda()  # NN404
                    v = nn.Parameter(torch.zeros(dim))
                    self.v = v.to(device)  # NN404
                def forward(self, x):
                    return x * self.w + self.v
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Repeated(nn.Module):
                def __init__(self, dim, n):
                    super().__init__()
                    q = nn.Parameter(torch.randn(1, dim))
                    self.queries = q.repeat(n, 1)  # NN404
                def forward(self, x):
                    return x @ self.queries.T
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Computed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.gate = torch.sigmoid(nn.Parameter(torch.randn(dim)))  # NN404
                    self.turned = nn.Parameter(torch.randn(dim, dim)).T  # NN404
                def forward(self, x):
                    return x @ self.turned * self.gate
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Kept(nn.Module):
                def __init__(self, dim, device, place):
                    super().__init__()
                    self.a = nn.Parameter(torch.zeros(dim))
                    self.a = self.a.float()
                    b = nn.Parameter(torch.zeros(dim))
                    self.b = b
                    self.tied = b.t()
                    c = torch.zeros(dim)
                    self.c = c.to(device)
                    self.d = nn.Linear(dim, dim)
                    self.d = self.d.to(device)
                    e = nn.Parameter(torch.zeros(dim))
                    self.e = e.float()
                    self.size = nn.Parameter(torch.zeros(dim)).shape
                def forward(self, x):
                    self.b = self.b.to(x.device)
                    return self.d(x) * self.a + self.b + self.e + self.c.to(x.device) + self.tied
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
