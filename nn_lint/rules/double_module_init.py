"""
A second call of `nn.Module.__init__` that wipes the layers registered before it.

## Why it hurts
`nn.Module.__init__` creates the tables of parameters, buffers and submodules anew. Two bases that are initialised one
after the other, or a second `super().__init__()` at the end, leave an object without its first layers: they are not
in `parameters()`, not in the `state_dict`, and the first access raises `AttributeError`. The second call may also
stand in a helper that `__init__` calls, or in `forward`, where it empties a good module at its first use.

## What it takes to be reported
The order in which the inits run is followed through all bases by the class's own method resolution order; each of
them must be read and plain. A second init that comes before anything is registered is harmless and not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.double_init import wipes
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.code_text import bare_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the call that comes too late."""
    if not cls.is_certain or not sieve(cls.facts, cls.text):
        return
    for wipe in wipes(cls):
        names = ", ".join(f"`self.{name}`" for name in wipe.lost)
        verb = "is" if len(wipe.lost) == 1 else "are"
        message = f"this runs `nn.Module.__init__` again, which empties its tables: {names} {verb} gone"
        yield Finding(cls.syntax.span(wipe.node), message)


_INIT = re.compile(r"\.__init__\b")


def sieve(facts: ClassFacts, source: str) -> bool:
    """An `__init__`, and two calls of others in the class."""
    return facts.method("__init__") is not None and len(_INIT.findall(bare_code(source))) > 1


RULE = Rule(
    code="NN108",
    name="double-module-init",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class A(nn.Module):
                def __init__(self):
                    nn.Module.__init__(self)
                    self.a = nn.Linear(2, 2)
            class B(nn.Module):
                def __init__(self):
                    nn.Module.__init__(self)
                    self.b = nn.Linear(2, 2)
            class Diamond(A, B):
                def __init__(self):
                    A.__init__(self)
                    B.__init__(self)  # NN108
            class Late(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    super().__init__()  # NN108
            class Chained(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.c = nn.Linear(2, 2)
            class Mixed(Chained, B):
                def __init__(self):
                    Chained.__init__(self)
                    self.own = nn.Linear(2, 2)
                    B.__init__(self)  # NN108
            class Again(A):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    nn.Module.__init__(self)  # NN108
            class Helped(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = nn.Linear(dim, 2)
                    self._build()  # NN108
                def _build(self):
                    super().__init__()
                    self.b = nn.Linear(2, 2)
                def forward(self, x):
                    return self.b(self.a(x))
            class Used(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = nn.Linear(dim, 2)
                def forward(self, x):
                    super(Used, self).__init__()  # NN108
                    return self.a(x)
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Base
            class A(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
            class Mixin:
                def __init__(self):
                    self.scale = 2.0
            class Config(Mixin):
                def __init__(self, name):
                    super().__init__()
                    self.name = name
            class Twice(A):
                def __init__(self):
                    nn.Module.__init__(self)
                    A.__init__(self)
            class Both(A, Config):
                def __init__(self):
                    A.__init__(self)
                    Config.__init__(self, "net")
            class Early(A):
                def __init__(self):
                    super().__init__()
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class Either(A):
                def __init__(self, wide):
                    if wide:
                        super().__init__()
                    else:
                        nn.Module.__init__(self)
                    self.fc = nn.Linear(2, 2)
            class Renewed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    nn.Module.__init__(self)
                    self.fc = nn.Linear(2, 4)
            class Unseen(A, Base):
                def __init__(self):
                    A.__init__(self)
                    Base.__init__(self)
            """
        ),
        Example(
            """
            from torch import nn
            class Parent(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.width = width
                    self.big = nn.Linear(width, width)
                def forward(self, x):
                    return self.big(x)
            class Smaller(Parent):
                def __init__(self, width):
                    super().__init__(width)
                    nn.Module.__init__(self)
                    self.small = nn.Linear(self.width, 1)
                def forward(self, x):
                    return self.small(x)
            class Built(nn.Module):
                def __init__(self):
                    self._start()
                    self.a = nn.Linear(2, 2)
                    self._more()
                def _start(self):
                    super().__init__()
                def _more(self):
                    self.b = nn.Linear(2, 2)
            class Asked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                    self._again(False)
                def _again(self, anew):
                    if anew:
                        super().__init__()
                def forward(self, x):
                    if x is None:
                        super().__init__()
                        self.a = nn.Linear(4, 4)
                    return self.a(x)
            class Rebuilt(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(2, 2)
                def forward(self, x):
                    nn.Module.__init__(self)
                    self.a = nn.Linear(x.shape[-1], 2)
                    return self.a(x)
            class Kept(Parent):
                def __init__(self, width):
                    super().__init__(width)
                    children = list(self.named_children())
                    nn.Module.__init__(self)
                    for name, child in children:
                        self.add_module(name, child)
            """
        ),
    ),
)
