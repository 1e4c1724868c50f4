"""
A `forward`, `__init__` or helper method without `self`.

## Why it hurts
Python hands the module over as the first argument: `def forward(x)` raises `TypeError: forward() takes 1 positional
argument but 2 were given`, and so does `def _init_weights(m)` for `self.apply(self._init_weights)`. A default hides
even that: in `def forward(x, mask=None)` the module arrives as `x`. A body that says `self` raises `NameError`.

## What is not reported
Static and class methods that are right, another name that is used like `self` throughout (`this`), `def
forward(*args)`, and helpers that nothing calls on an instance.

## Fix safety
Safe: `self` is inserted before the other parameters, whose names stay. `@staticmethod` is taken off a method that
uses `self` or is called without it, `@classmethod` off a `forward` that takes layers of the class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.signature import drop_decorator, insert_receiver
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.receivers import IMPLICITLY_UNBOUND, ReceiverFault, ReceiverFinding, find_receiver_faults
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_FAULTS = frozenset({ReceiverFault.MISSING, ReceiverFault.STATIC, ReceiverFault.STATIC_MISSING})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each method that is called with the module and has no place for it."""
    for found in find_receiver_faults(cls) if cls.is_module else ():
        if found.fault in _FAULTS:
            method = found.method
            where = "is not bound and needs `self`" if found.fault is not ReceiverFault.MISSING else "has no `self`"
            edits = tuple(_edits(found))
            repair = Repair("Insert `self`" if found.fault is not ReceiverFault.STATIC else "Drop the decorator", edits)
            yield Finding(
                method.name_span, f"`{cls.name}.{method.name}` {where}: {found.evidence}", repair if edits else None
            )


def _edits(found: ReceiverFinding) -> Iterator[Edit]:
    if found.fault is not ReceiverFault.STATIC:
        yield insert_receiver(found.method)
    if found.fault is not ReceiverFault.MISSING:
        yield from drop_decorator(found.method, "staticmethod" if found.method.is_static else "classmethod")


_SELF = re.compile(r"\bself\b")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A method whose first parameter is not `self`, or one that is not bound and says `self` or is `forward`."""
    for method in facts.methods:
        bound = not {"staticmethod", "classmethod"} & set(method.decorators)
        if bound and method.parameters[:1] != ("self",) and method.name not in IMPLICITLY_UNBOUND:
            return True
        if method.name == "forward" and "classmethod" in method.decorators:
            return True
        if not bound and _SELF.search(method_code(facts, source, method.name)):
            return True
    return False


RULE = Rule(
    code="NN201",
    name="missing-self",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Double(nn.Module):
                def forward(x):  # NN201
                    return x * 2
            class Mask(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(x, mask=None):  # NN201
                    return self.fc(x) * mask
            class Nothing(nn.Module):
                def forward():  # NN201
                    return 1
            class Keywords(nn.Module):
                def forward(*, x):  # NN201
                    return x
            class Rows(nn.Module):
                def forward(  # NN201
                    x,  # the input
                    y,
                ):
                    return x + y
            class Built(nn.Module):
                def __init__(width):  # NN201
                    super().__init__()
                    self.fc = nn.Linear(width, width)
            class Sized(nn.Module):
                def __init__(width):  # NN201
                    super().__init__()
                    print(width)
            """,
            fixed="""
            from torch import nn
            class Double(nn.Module):
                def forward(self, x):
                    return x * 2
            class Mask(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x, mask=None):
                    return self.fc(x) * mask
            class Nothing(nn.Module):
                def forward(self):
                    return 1
            class Keywords(nn.Module):
                def forward(self, *, x):
                    return x
            class Rows(nn.Module):
                def forward(
                    self, x,  # the input
                    y,
                ):
                    return x + y
            class Built(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.fc = nn.Linear(width, width)
            class Sized(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    print(width)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def scale(x):  # NN201
                    return x * 0.5
                def noise():  # NN201
                    return torch.rand(1)
                @torch.no_grad()
                def shift(x, by=1):  # NN201
                    return self.fc(x) + by
                @property
                def width():  # NN201
                    return 4
                @staticmethod
                def forward(self, x):  # NN201
                    return self.scale(self.fc(x)) + self.noise()
            class OfClass(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                @classmethod
                def forward(self, x):  # NN201
                    return self.fc(x)
            class Static(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                @staticmethod
                def forward(x):  # NN201
                    return self.fc(x)
            """,
            fixed="""
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def scale(self, x):
                    return x * 0.5
                def noise(self):
                    return torch.rand(1)
                @torch.no_grad()
                def shift(self, x, by=1):
                    return self.fc(x) + by
                @property
                def width(self):
                    return 4
                def forward(self, x):
                    return self.scale(self.fc(x)) + self.noise()
            class OfClass(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(x)
            class Static(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(x)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import jit_function
            class SiLU(nn.Module):
                @staticmethod
                def forward(x):
                    return x * torch.sigmoid(x)
            class This(nn.Module):
                def __init__(this):
                    super().__init__()
                    this.fc = nn.Linear(2, 2)
                def forward(this, x):
                    return this.fc(x)
            class Module(nn.Module):
                def __init__(module):
                    super().__init__()
                def forward(module, x):
                    return x
            class Lone(nn.Module):
                def forward(m, x):
                    return m.scale(x)
                def scale(m, x):
                    return x
            class Ignored(nn.Module):
                def forward(_, x):
                    return x
            class Star(nn.Module):
                def forward(*args):
                    return args[1]
            class Helper(nn.Module):
                def square(x):
                    return x * x
                def forward(self, x):
                    return Helper.square(x) + self.twice(x)
                @classmethod
                def build(cls, width):
                    return cls()
                @jit_function
                def twice(x):
                    return x * 2
                def __class_getitem__(item):
                    return Helper
            class Add(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    return x
            class Plain:
                def forward(x):
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            class Outer:
                def build(self):
                    class Inner(nn.Module):
                        @staticmethod
                        def forward(x):
                            return self.scale(x)
                    return Inner()
            class Hooked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    self.fc.register_forward_hook(self.hook)
                @staticmethod
                def hook(self, args, output):
                    return output * self.weight.sum()
                def forward(self, x):
                    def branch(h):
                        return self.fc(h)
                    return branch(x)
            """
        ),
        Example(
            """
            import functools
            from torch import nn
            def run(net, x):
                return net.fc(x)
            class Paired(nn.Module):
                def half(x):
                    return x / 2
                def twice(x):
                    return x * 2
                half, twice = staticmethod(half), staticmethod(twice)
                def forward(self, x):
                    return self.half(self.twice(x))
            class Named(nn.Module):
                def half(x):
                    return x / 2
                def forward(self, x):
                    return self.half(x)
            for name in ("half",):
                setattr(Named, name, staticmethod(vars(Named)[name]))
            class Bound(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    self.forward = functools.partial(Bound.forward, self)
                @staticmethod
                def forward(self, x):
                    return self.fc(x)
            class Handed(nn.Module):
                def __init__(obj):
                    super().__init__()
                    run(obj, None)
                def forward(nn_self, x):
                    return run(nn_self, x)
            class Scaled(nn.Linear):
                def forward(s, x):
                    return nn.Linear.forward(s, x) * 2
            class Twice(nn.Linear):
                def forward(s, x):
                    return super(Twice, s).forward(x) * 2
            class Weighted(nn.Linear):
                def forward(s, x):
                    return nn.functional.linear(x, s.weight)
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.apply(self._init_weights)
                def _init_weights(m):  # NN201
                    if isinstance(m, nn.Linear):
                        nn.init.zeros_(m.bias)
                @staticmethod
                def norm(self, x):  # NN201
                    return x / x.std()
                def extra_repr():  # NN201
                    return "net"
                def forward(self, x):
                    return self.norm(self.fc(x))
            class OfClass(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                @classmethod
                def forward(cls, x):  # NN201
                    return cls.fc(x)
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.apply(self._init_weights)
                def _init_weights(self, m):
                    if isinstance(m, nn.Linear):
                        nn.init.zeros_(m.bias)
                def norm(self, x):
                    return x / x.std()
                def extra_repr(self):
                    return "net"
                def forward(self, x):
                    return self.norm(self.fc(x))
            class OfClass(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(cls, x):
                    return cls.fc(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.apply(self._init_weights)
                    self.apply(self._reset)
                    self.apply(Net._scale)
                @staticmethod
                def _init_weights(m):
                    nn.init.zeros_(m.bias)
                def _reset(self, m=None):
                    return m
                def _scale(m):
                    return m
                @staticmethod
                def norm(self, x):
                    return x / x.std()
                def forward(self, x):
                    return self.norm(self, self.fc(x)) + Net.norm(self, x)
            class OfClass(nn.Module):
                scale = 2
                def __init__(self):
                    super().__init__()
                    self.scale = 3
                @classmethod
                def prepare(cls):
                    cls.shift = 1
                @classmethod
                def forward(cls, x):
                    return x * cls.scale + cls.shift
            """
        ),
    ),
)
