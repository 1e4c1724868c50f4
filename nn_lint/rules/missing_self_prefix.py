"""
A layer or method used without `self.`: `fc(x)`, `self_fc(x)`, or a layer that `__init__` gives to a local name.

## Why it hurts
`NameError: name 'fc' is not defined` at the first call. A layer that is assigned to a local name in `__init__` is
gone when `__init__` returns: it is not in `parameters()`, and `forward` raises `AttributeError: 'Net' object has no
attribute 'fc'`.

## What is not reported
Names that the method, the file, a function around the class, a star import or Python itself binds, and local layers
that go into a list, a `Sequential` or another layer.

## Fix safety
Safe: `self.` is inserted, where the code cannot run without it. Not offered for a local layer that `__init__` itself
goes on to use by its local name, nor for a method that is handed `self`.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.build import replace
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.unbound_layers import UnboundName, local_layers, unbound_names
from nn_lint.project.facts import ClassFacts
from nn_lint.project.unbound_words import may_leave_names_unbound
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report names that only `self` has, and layers that only a local name has."""
    if not cls.is_module or not may_leave_names_unbound(cls.definition, cls.ancestry):
        return
    for layer in local_layers(cls):
        name = layer.target.value
        wanted = f"self.{layer.attribute}"
        message = f"`{name}` is local to `__init__`: the layer is gone when that returns, and there is no `{wanted}`"
        repair = None if layer.is_read else Repair(f"Assign to `{wanted}`", (_renamed(cls, layer.target, wanted),))
        yield Finding(cls.syntax.span(layer.target), message, repair)
    for found in unbound_names(cls):
        wanted = f"{found.method.receiver}.{found.attribute}"
        where = f"`{cls.name}.{found.method.name}` raises `NameError`"
        message = f"nothing defines `{found.node.value}`: {where}, `{wanted}` is meant"
        edits = (_renamed(cls, found.node, wanted),)
        is_left = found.gets_receiver or _is_method_not_called(cls, found)
        repair = None if is_left else Repair(f"Write `{wanted}`", edits)
        yield Finding(cls.syntax.span(found.node), message, repair)


def _is_method_not_called(cls: ModuleClass, found: UnboundName) -> bool:
    """Whether the name is that of a method, and something else than a call is made of it."""
    end = cls.syntax.span(found.node).end
    return cls.find_method(found.attribute) is not None and cls.syntax.lines.row(end.row)[end.column - 1 :][:1] != "("


def _renamed(cls: ModuleClass, node: cst.Name, wanted: str) -> Edit:
    return replace(cls.syntax.span(node), wanted)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A class with methods; which names they leave unbound is asked of the text, before anything is parsed."""
    return bool(facts.methods)


RULE = Rule(
    code="NN207",
    name="missing-self-prefix",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.layers = nn.ModuleList([nn.Linear(4, 4)])
                def forward(self, x):
                    for layer in layers:  # NN207
                        x = layer(x)
                    x = F.relu(fc(x))  # NN207
                    return scale(x)  # NN207
                def scale(self, x):
                    return [self_fc(row) for row in x]  # NN207
            class Heir(Net):
                def forward(self, x):
                    return fc(x)  # NN207
            class Local(nn.Module):
                def __init__(self):
                    super().__init__()
                    fc = nn.Linear(4, 4)  # NN207
                    self_out = nn.Linear(4, 2)  # NN207
                def forward(self, x):
                    return self.out(self.fc(x))
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
                    proj = nn.Sequential(nn.Linear(4, 4), nn.ReLU())  # NN207
                def forward(self, x):
                    return proj(x)  # NN207
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.layers = nn.ModuleList([nn.Linear(4, 4)])
                def forward(self, x):
                    for layer in self.layers:
                        x = layer(x)
                    x = F.relu(self.fc(x))
                    return self.scale(x)
                def scale(self, x):
                    return [self.fc(row) for row in x]
            class Heir(Net):
                def forward(self, x):
                    return self.fc(x)
            class Local(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.out = nn.Linear(4, 2)
                def forward(self, x):
                    return self.out(self.fc(x))
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.proj = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
                def forward(self, x):
                    return self.proj(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Bias(nn.Module):
                def __init__(self):
                    super().__init__()
                    fc = nn.Linear(4, 4)  # NN207
                    nn.init.zeros_(fc.bias)
                def forward(self, x):
                    return embed(self, self.fc(x))  # NN207
                def embed(self, x):
                    return x
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import fc, build
            dim = 4
            class Net(nn.Module):
                def __init__(self, norm):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.dim = dim
                    self.input = nn.Linear(4, 4)
                    self.norm = norm
                    self.late = None
                    conv = nn.Conv2d(3, 3, 1)
                    act = nn.ReLU()
                    self.net = nn.Sequential(conv, act)
                    unused = nn.ReLU()
                    import codecs as late
                    self.codecs = late
                def forward(self, x, norm=None):
                    layer = self.fc
                    for late in [layer]:
                        x = late(x)
                    with torch.no_grad() as net:
                        x = fc(x)
                    if norm is not None:
                        x = norm(x)
                    return x, input, [act for act in x], lambda net: net(x), dim
            def outer():
                fc = build()
                class Inner(nn.Module):
                    def __init__(self):
                        super().__init__()
                        self.fc = fc
                    def forward(self, x):
                        return fc(x)
                return Inner
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import *
            class Starred(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return fc(x)
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Base
            class Heir(Base, nn.Module):
                def __init__(self):
                    super().__init__()
                    fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(x)
            class Dynamic(nn.Module):
                def __init__(self):
                    super().__init__()
                    conv = nn.Linear(4, 4)
                    for name in ("conv", "out"):
                        setattr(self, name, conv)
                def forward(self, x):
                    return self.conv(x)
            class Asking(nn.Module):
                def __init__(self):
                    super().__init__()
                    proj = nn.Linear(4, 4)
                def forward(self, x):
                    return self.proj(x) if hasattr(self, "proj") else x
            class Global(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.head = nn.Linear(4, 4)
                    global head
                    head = self.head
                def forward(self, x):
                    return head(x)
            """
        ),
        Example(
            """
            import importlib
            from torch import nn
            class Attention(nn.Module):
                def __init__(self, flash_attn=False):
                    super().__init__()
                    self.flash_attn = flash_attn
                    if flash_attn:
                        from flash_attn import flash_attn_func
                        import flash_attn.ops as ops
                        self.function = (flash_attn_func, ops)
                def forward(self, x):
                    return x
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Schedule(nn.Module):
                def alpha(self, t):
                    return t
                def forward(self, x):
                    return x + torch.ones(1, device=alpha.device)  # NN207
            """
        ),
        Example(
            """
            import builtins
            import torch.nn.functional as F
            from math import *
            from torch import nn
            first, *norm = [F.relu, F.relu]
            for gate in (F.relu,):
                break
            if (act := getattr(F, "relu", None)) is None:
                raise ImportError
            builtins.profile = print
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm, self.gate, self.act = nn.LayerNorm(2), nn.ReLU(), nn.ReLU()
                    self.sqrt, self.profile, self.rest, self.shown = 2, True, 1, 1
                def forward(self, x):
                    profile(sqrt(4))
                    match x:
                        case [x, *rest]:
                            print(rest)
                    try:
                        shown(x)
                    except NameError:
                        pass
                    y: gate = act(x)
                    return self.norm(norm[0](gate(y)))
            class Collecting(nn.Module):
                def collect(self, found):
                    for name, child in found.items():
                        self.add_module(name, child)
            class Collected(Collecting):
                def __init__(self):
                    super().__init__()
                    fc = nn.Linear(2, 2)
                    self.collect({"fc": fc} if False else locals())
                def forward(self, x):
                    return self.fc(x)
            """
        ),
    ),
)
