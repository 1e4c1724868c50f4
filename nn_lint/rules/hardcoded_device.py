"""
A tensor that a module puts on `cuda`, wherever the module itself is.

## Why it hurts
Without a GPU it raises `AssertionError: Torch not compiled with CUDA enabled` (or that no driver is found). With
several, `cuda` is the first: a module on `cuda:1` raises `RuntimeError: Expected all tensors to be on the same
device`.

## What is not reported
Code under a condition that asks for cuda or a device; classes that ask `torch.cuda.is_available()`; a device that
comes as a parameter; what is tried (`try: torch.zeros(1).cuda()`), methods that assert a GPU, and models that are
spread over several. Moving whole submodules is the caller's word as much as the author's and is silent too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.modes import calls_without_condition
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.syntax import dotted, walk
from nn_lint.model.torch_calls import given, torch_function
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule

_ASKING = re.compile(r"cuda|gpu|device", re.IGNORECASE)
_SECOND = re.compile(r"cuda:[1-9]")
_FRESH = frozenset(
    "zeros ones rand randn randint randperm arange linspace empty full eye tensor as_tensor from_numpy Tensor "
    "FloatTensor LongTensor normal zeros_like ones_like rand_like randn_like".split()
)
_KEPT = frozenset(
    {"float", "long", "int", "view", "reshape", "unsqueeze", "expand", "repeat", "bool", "requires_grad_"}
)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each new tensor that is put on a fixed device."""
    if not cls.is_module or "is_available" in cls.text:
        return
    if _SECOND.search(cls.text):
        return
    for method in cls.methods:
        if method.is_static or _demands(method):
            continue
        tried = {node for block in walk(method.node.body, cst.Try, cst.TryStar) for node in walk(block, cst.Call)}
        for call in calls_without_condition(method, _ASKING):
            if (
                call not in tried
                and (_is_moved(cls, method, call) or _is_created(cls, call))
                and not _is_under_device(method)
            ):
                yield Finding(
                    cls.syntax.span(call),
                    f"`{cls.syntax.text(call)}` is on cuda wherever `{cls.name}` is: it raises without a GPU, and on a "
                    "second one; take the device of an input or parameter, or register a buffer",
                )


def _demands(method: Method) -> bool:
    """Whether the method refuses to run on anything but a GPU."""
    found = walk(method.node.body, cst.Assert)
    return any(_ASKING.search(method.syntax.text(node.test)) for node in found if isinstance(node, cst.Assert))


def _is_created(cls: ModuleClass, call: cst.Call) -> bool:
    """`torch.zeros(3, device="cuda")` and `torch.cuda.FloatTensor(3)`."""
    name = torch_function(cls, call) or ""
    if name.startswith("cuda.") and name.endswith("Tensor"):
        return True
    device = given(call, "device", len(call.args))
    return name in _FRESH and device is not None and _is_cuda(device.value)


def _is_moved(cls: ModuleClass, method: Method, call: cst.Call) -> bool:
    """`torch.zeros(3).cuda()`, `torch.zeros(3).to("cuda")`, and the same of a parameter of forward."""
    if not isinstance(call.func, cst.Attribute):
        return False
    name = call.func.attr.value
    is_cuda = (name == "cuda" and not call.args) or (name == "to" and bool(call.args) and _is_cuda(call.args[0].value))
    inner = call.func.value
    while isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute) and inner.func.attr.value in _KEPT:
        inner = inner.func.value
    if not is_cuda:
        return False
    if isinstance(inner, cst.Call):
        return (torch_function(cls, inner) or "") in _FRESH
    own = {item.name for item in method.parameters[1:]} if method.name == "forward" else set()
    return isinstance(inner, cst.Name) and inner.value in own


def _is_cuda(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Call) and dotted(node.func) in ("torch.device", "device") and node.args:
        return _is_cuda(node.args[0].value)
    return isinstance(node, cst.SimpleString) and str(node.evaluated_value).startswith("cuda")


def _is_under_device(method: Method) -> bool:
    """Whether the method chooses a device by `with torch.cuda.device(...)`."""
    return any("device(" in method.syntax.text(node) for node in walk(method.node.body, cst.WithItem))


_CUDA = re.compile(r"\.cuda\b|[\"']cuda")


def sieve(facts: ClassFacts, source: str) -> bool:
    """The word, as a method or a string."""
    return "cuda" in source and _CUDA.search(source) is not None


RULE = Rule(
    code="NN509",
    name="hardcoded-device",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.mean = torch.zeros(3).cuda()  # NN509
                def forward(self, x):
                    noise = torch.randn(3, device="cuda")  # NN509
                    steps = torch.arange(3).float().to("cuda:0")  # NN509
                    mask = torch.ones(3, device=torch.device("cuda"))  # NN509
                    x = x.cuda()  # NN509
                    return x - self.mean + noise + steps * mask
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self, device="cuda"):
                    super().__init__()
                    self.device = device
                    self.body = nn.Linear(3, 3).cuda()
                    self.register_buffer("mean", torch.zeros(3))
                def forward(self, x, use_cuda=False):
                    noise = torch.randn(3, device=x.device)
                    steps = torch.arange(3).to(self.device) + torch.ones(3, device=self.device)
                    if use_cuda:
                        noise = noise + torch.ones(3).cuda()
                    if x.is_cuda:
                        steps = steps + torch.ones(3, device="cuda")
                    return self.body(x) - self.mean + noise + steps + torch.zeros(3).to("cpu")
            class Asked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.on_gpu = torch.cuda.is_available()
                def forward(self, x):
                    mask = torch.ones(3)
                    return x * (mask.cuda() if self.on_gpu else mask)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Tried(nn.Module):
                def __init__(self):
                    super().__init__()
                    try:
                        self.one = torch.zeros(1).cuda()
                    except (AssertionError, RuntimeError):
                        self.one = torch.zeros(1)
                def forward(self, x):
                    return x
            class Fused(nn.Module):
                def forward(self, x):
                    assert x.is_cuda, "only on a GPU"
                    return x + torch.ones(3, device="cuda")
            class Spread(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.first = nn.Linear(2, 2).to("cuda:0")
                    self.second = nn.Linear(2, 2).to("cuda:1")
                def forward(self, x):
                    x = self.first(x.to("cuda:0"))
                    return self.second(x.to("cuda:1"))
            """
        ),
    ),
)
