"""
A layer or method used without `self.`: `fc(x)`, `self_fc(x)`, or what `__init__` gives to a local name alone.

## Why it hurts
`NameError: name 'fc' is not defined` at the first call. A layer that is assigned to a local name in `__init__` is
gone when `__init__` returns: it is not in `parameters()`, and `forward` raises `AttributeError: 'Net' object has no
attribute 'fc'`. The same holds for a number, a tensor or an argument of `__init__` that is asked of `self` and was
never put there, for `self.covn1` where `self.conv1` is set and never used, and for `Net.fc(x)`: no class has layers.

## What is not reported
Names that the method, the file, a function around the class, a star import or Python itself binds, and local layers
that go into a list, a `Sequential` or another layer. An attribute that somebody else may set: an heir, a base that
cannot be read, code with an instance at hand, `setattr`, or a function that is handed `self`.

## Fix safety
Safe: `self.` is inserted, where the code cannot run without it. Not offered for a local layer that `__init__` itself
goes on to use by its local name, nor for a method that is handed `self`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.build import replace
from nn_lint.model.absent_attributes import AbsentAttribute, absent_attributes, may_lack_attributes, reads_of
from nn_lint.model.class_attributes import TakenOfClass, may_take_of_class, taken_of_class
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.unbound_layers import UnboundName, local_layers, unbound_names
from nn_lint.project.facts import ClassFacts
from nn_lint.project.unbound_words import may_leave_names_unbound
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report names that only `self` has, layers that only a local name has, and what of self nothing sets."""
    if not cls.is_module:
        return
    local: set[str] = set()
    if may_leave_names_unbound(cls.definition, cls.ancestry):
        for layer in local_layers(cls):
            local.add(layer.attribute)
            yield _of_local(cls, "__init__", layer.target, layer.attribute, "the layer", is_read=layer.is_read)
        yield from map(partial(_of_unbound, cls), unbound_names(cls))
    if may_lack_attributes(cls):
        yield from (_of_absent(cls, found) for found in absent_attributes(cls) if found.name not in local)
    if may_take_of_class(cls):
        yield from (_of_class(cls, found) for found in taken_of_class(cls))


def _of_local(cls: ModuleClass, method: str, target: cst.Name, attribute: str, what: str, *, is_read: bool) -> Finding:
    wanted = f"self.{attribute}"
    message = f"`{target.value}` is local to `{method}`: {what} is gone when that returns, and there is no `{wanted}`"
    repair = None if is_read else Repair(f"Assign to `{wanted}`", (_renamed(cls, target, wanted),))
    return Finding(cls.syntax.span(target), message, repair)


def _of_unbound(cls: ModuleClass, found: UnboundName) -> Finding:
    wanted = f"{found.method.receiver}.{found.attribute}"
    where = f"`{cls.name}.{found.method.name}` raises `NameError`"
    meant = f"`{wanted}` is meant" if found.is_kept else "and `__init__` does not keep its argument of that name"
    message = f"nothing defines `{found.node.value}`: {where}, {meant}"
    is_left = found.gets_receiver or not found.is_kept or _is_method_not_called(cls, found)
    repair = None if is_left else Repair(f"Write `{wanted}`", (_renamed(cls, found.node, wanted),))
    return Finding(cls.syntax.span(found.node), message, repair)


def _of_absent(cls: ModuleClass, found: AbsentAttribute) -> Finding:
    if found.target is not None and found.maker is not None:
        return _of_local(cls, found.maker.name, found.target, found.name, "what it holds", is_read=found.is_read)
    wanted = f"{found.method.receiver}.{found.name}"
    where = f"nothing sets `{wanted}`: `{cls.name}.{found.method.name}` raises `AttributeError`"
    if found.meant is None:
        return Finding(cls.syntax.span(found.node), f"{where}, `__init__` does not keep its argument `{found.name}`")
    edits = tuple(replace(cls.syntax.span(node.attr), found.meant) for node in reads_of(cls, found.name))
    repair = Repair(f"Write `{found.method.receiver}.{found.meant}`", edits)
    return Finding(cls.syntax.span(found.node), f"{where}, `{found.meant}` is meant", repair)


def _of_class(cls: ModuleClass, found: TakenOfClass) -> Finding:
    written, wanted = cls.syntax.text(found.node), f"{found.method.receiver}.{found.node.attr.value}"
    message = f"the class has no `{written}`: only its instances have, `{wanted}` is meant"
    edits = (replace(cls.syntax.span(found.node), wanted),)
    return Finding(cls.syntax.span(found.node), message, Repair(f"Write `{wanted}`", edits))


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
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import resnet18
            class Local(nn.Module):
                def __init__(self, dim, width):
                    super().__init__()
                    first, second = nn.Linear(dim, dim), nn.Linear(dim, dim)  # NN207
                    third: nn.Module = nn.Linear(dim, dim)  # NN207
                    backbone = resnet18()  # NN207
                    layer = self._make(dim)  # NN207
                    scale = dim ** -0.5  # NN207
                    hidden = dim * 2  # NN207
                    self.out = nn.Linear(dim, hidden)
                    self._build(dim)
                def _make(self, dim):
                    return nn.Linear(dim, dim)
                def _build(self, dim):
                    fourth = nn.Linear(dim, dim)  # NN207
                def forward(self, x):
                    x = self.first(x) + self.third(x) + self.fourth(x)
                    return self.out(self.layer(self.backbone(x)) * self.scale).view(-1, self.hidden)
            class Argument(nn.Module):
                def __init__(self, hidden_size, layers):
                    super().__init__()
                    self.rnn = nn.GRU(4, hidden_size, layers)
                def forward(self, x):
                    count = layers  # NN207
                    state = torch.zeros(count, x.size(0), self.hidden_size)  # NN207
                    return self.rnn(x, state)[0]
            class Typo(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv1 = nn.Conv2d(3, 8, 3)
                    self.conv2 = nn.Conv2d(8, 8, 3)
                def forward(self, x):
                    return self.conv2(self.covn1(x))  # NN207
            class Named(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return Named.fc(x)  # NN207
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    one, _ = nn.Linear(4, 4), nn.Linear(4, 4)  # NN207
                    three: nn.Module = nn.Linear(4, 4)  # NN207
                    self.conv1 = nn.Conv2d(3, 8, 3)
                    self.conv2 = nn.Conv2d(8, 8, 3)
                def forward(self, x):
                    x = self.covn1(x)  # NN207
                    return self.one(self.three(Net.conv2(x)))  # NN207
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.one, _ = nn.Linear(4, 4), nn.Linear(4, 4)
                    self.three: nn.Module = nn.Linear(4, 4)
                    self.conv1 = nn.Conv2d(3, 8, 3)
                    self.conv2 = nn.Conv2d(8, 8, 3)
                def forward(self, x):
                    x = self.conv1(x)
                    return self.one(self.three(self.conv2(x)))
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import Base, configured, prepare, scale
            class Family(nn.Module):
                hidden: int
                def __init__(self, width, size, depth):
                    super().__init__()
                    hidden = width * 2
                    self.fc = nn.Linear(width, hidden)
                def forward(self, x):
                    return self.fc(x) * self.width + self.hidden
            class Child(Family):
                def __init__(self, width):
                    super().__init__(width, 1, 1)
                    self.width = width
            class Prepared(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    prepare(self, width)
                def forward(self, x):
                    return x * self.width
            class Unknown(Base, nn.Module):
                def __init__(self, width):
                    super().__init__()
                    scale = width * 2
                def forward(self, x):
                    return x * self.width * self.scale
            class Set(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.fc = nn.Linear(width, width)
                def forward(self, x):
                    return self.fc(x) * self.width
            made = Set(4)
            made.width = 4
            @configured
            class Decorated(nn.Module):
                def __init__(self, depth):
                    super().__init__()
                def forward(self, x):
                    return x * self.depth
            class Registered(nn.Module):
                def __init__(self, mean):
                    super().__init__()
                    for name in ("mean",):
                        self.register_buffer(name, torch.tensor(mean))
                def forward(self, x):
                    return x - self.mean
            class Tried(nn.Module):
                def __init__(self, gain):
                    super().__init__()
                def forward(self, x):
                    try:
                        return x * self.gain
                    except AttributeError:
                        return x * scale
            class Asked(nn.Module):
                def __init__(self, shift):
                    super().__init__()
                def forward(self, x):
                    return x + self.shift if hasattr(self, "shift") else x
            class Property(nn.Module):
                def __init__(self, size):
                    super().__init__()
                    self._size = size
                @property
                def size(self):
                    return self._size
                def forward(self, x):
                    return x.view(-1, self.size)
            class Inner(nn.Module):
                def __init__(self, rate):
                    super().__init__()
                    class Rate:
                        def __init__(self, rate):
                            self.rate = rate
                        def of(self, x):
                            return x * self.rate
                    self.inner = Rate(rate)
                def forward(self, x):
                    return self.inner.of(x)
            class Shared(nn.Module):
                table = nn.Linear(4, 4)
                def __init__(self):
                    super().__init__()
                    self.count = 0
                    Shared.total = 0
                    self.total = 1
                def forward(self, x):
                    Shared.total += 1
                    return Shared.table(x)
            class Loop(nn.Module):
                def __init__(self, step):
                    super().__init__()
                def forward(self, x):
                    for self.step in range(3):
                        x = x * self.step
                    return x
            class Numbered(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv1 = nn.Conv2d(3, 8, 3)
                def forward(self, x):
                    return self.conv2(self.conv1(x))
            """
        ),
    ),
)
