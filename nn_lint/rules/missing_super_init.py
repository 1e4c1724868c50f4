"""
An `nn.Module` whose `__init__` never calls its parent's.

## Why it hurts
`nn.Module.__init__` creates the tables that hold parameters, buffers, submodules and hooks. Without it the first
`self.fc = nn.Linear(...)` raises `AttributeError: cannot assign module before Module.__init__() call`. A class that
only sets plain attributes is constructed, and fails at its first call or at `.parameters()`.

## What is not reported
Classes without an `__init__` of their own, explicit calls such as `nn.Module.__init__(self)`, a call made by a
helper method or function that gets `self`, constructors that fill `__dict__` themselves, and classes with a base
that cannot be seen or that has a metaclass.

## Fix safety
Safe: `super().__init__()` becomes the first statement after the docstring. No fix is offered where the parent's
`__init__` wants arguments, since none is ever guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.statements import insert_first
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.rebuilding import may_be_rebuilt
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report an `__init__` from which no parent's `__init__` is reached."""
    init = cls.init
    if (
        init is None
        or not cls.is_certain
        or cls.construction.mentions_parent_init
        or cls.construction.copies_state
        or not cls.construction.init_flow.exits
    ):
        return
    if cls.facts.method("__call__") is not None and cls.construction.registers_nothing:
        return
    if may_be_rebuilt(cls) or cls.construction.is_combined:
        return
    repair = None
    if not cls.construction.parent_wants_arguments:
        repair = Repair("Insert `super().__init__()`", (insert_first(init, "super().__init__()"),))
    yield Finding(init.name_span, f"`{cls.name}.__init__` never calls `super().__init__()`", repair)


def sieve(facts: ClassFacts, source: str) -> bool:
    """An `__init__` that does not begin with the call."""
    return not facts.begins_with_parent_init


RULE = Rule(
    code="NN101",
    name="missing-super-init",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):  # NN101
                    self.fc = nn.Linear(2, 2)
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            """,
        ),
        Example(
            '''
            import torch
            class Scale(torch.nn.Module):
                def __init__(self, factor):  # NN101
                    """Multiply by a factor."""
                    # plain attributes only
                    self.factor = factor
            ''',
            fixed='''
            import torch
            class Scale(torch.nn.Module):
                def __init__(self, factor):
                    """Multiply by a factor."""
                    # plain attributes only
                    super().__init__()
                    self.factor = factor
            ''',
        ),
        Example(
            """
            from torch.nn import Module as M
            class Empty(M):
                def __init__(self):  # NN101
                    pass
            """,
            fixed="""
            from torch.nn import Module as M
            class Empty(M):
                def __init__(self):
                    super().__init__()
            """,
        ),
        Example(
            '''
            from torch.nn import *
            class Documented(Module):
                def __init__(self):  # NN101
                    """Nothing to do."""
            class OneLine(Module):
                def __init__(self): self.fc = Linear(2, 2)  # NN101
            ''',
            fixed='''
            from torch.nn import *
            class Documented(Module):
                def __init__(self):
                    """Nothing to do."""
                    super().__init__()
            class OneLine(Module):
                def __init__(self): super().__init__(); self.fc = Linear(2, 2)
            ''',
        ),
        Example(
            """
            from torch import nn
            class Stray(nn.Module):
                def __init__(self):  # NN101
                    self.fc = nn.Linear(3, 3)
                def forward(self, x):
                    super().__init__()
                    return self.fc(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Base(nn.Module):
                def __init__(self, width):  # NN101
                    self.fc = nn.Linear(width, width)
            class Child(Base):
                def __init__(self):
                    super().__init__(8)
            class Forgetful(Base):
                def __init__(self):  # NN101
                    self.act = nn.ReLU()
            """,
        ),
        Example(
            """
            from blocks import Block
            class Deep(Block):
                def __init__(self):  # NN101
                    self.depth = 3
            """,
            others=(("blocks.py", "import torch.nn as nn\nBase = nn.Module\nclass Block(Base):\n    pass\n"),),
        ),
        Example(
            """
            from torch import nn
            def make(width):
                class Inner(nn.ModuleList):
                    def __init__(self):  # NN101
                        self.width = width
                return Inner()
            """,
        ),
        Example(
            """
            from torch import nn
            class Plain(nn.Module):
                def forward(self, x):
                    return x
            class Old(nn.Module):
                def __init__(self):
                    super(Old, self).__init__()
            class Explicit(nn.Linear):
                def __init__(self):
                    nn.Module.__init__(self)
            class Helped(nn.Module):
                def __init__(self):
                    self._setup()
                def _setup(self):
                    super().__init__()
            def prepare(module):
                nn.Module.__init__(module)
            class Prepared(nn.Module):
                def __init__(self):
                    prepare(self)
            class Callable(nn.Module):
                def __init__(self, size):
                    self.size = size
                def __call__(self, x):
                    return x[: self.size]
            class Loop(nn.Module):
                def __init__(self):
                    for base in type(self).__bases__:
                        base.__init__(self)
            class Copy(nn.Module):
                def __init__(self, other):
                    self.__dict__ = dict(other.__dict__)
            class Abstract(nn.Module):
                def __init__(self):
                    raise NotImplementedError
            """
        ),
        Example(
            """
            from flax import linen as nn
            from fastai.torch_core import Module
            from somewhere import Base
            from mine import Meta
            class Dense(nn.Module):
                def __init__(self):
                    self.x = 1
            class Fast(Module):
                def __init__(self):
                    self.x = 1
            class Unknown(Base):
                def __init__(self):
                    self.x = 1
            class WithMeta(Base, metaclass=Meta):
                def __init__(self):
                    self.x = 1
            """
        ),
        Example(
            """
            class Module:
                pass
            class Net(Module):
                def __init__(self):
                    self.x = 1
            """
        ),
        Example(
            """
            from abc import abstractmethod
            from torch import nn
            from tracking import remember_arguments
            class Wrapped(nn.Module):
                @remember_arguments
                def __init__(self):
                    self.x = 1
            def initialised(cls):
                def start(self):
                    nn.Module.__init__(self)
                cls.__init__ = start
                return cls
            @initialised
            class Started(nn.Module):
                def __init__(self):
                    self.x = 1
            class Interface(nn.Module):
                @abstractmethod
                def __init__(self):
                    pass
            class Made(nn.Module):
                def __new__(cls):
                    made = super().__new__(cls)
                    nn.Module.__init__(made)
                    return made
                def __init__(self):
                    self.x = 1
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Sampler(nn.Module):
                def __init__(self, count):
                    super().__init__()
                    self.base = nn.Parameter(torch.zeros(count))
                def forward(self, x):
                    return x + self.base
            class Pairwise(Sampler):
                def __init__(self, most=None):
                    self.most = most
                def forward(self, x):
                    return super().forward(x)[: self.most]
            class Normal(Sampler):
                def forward(self, x):
                    return super().forward(x) * 2
            class PairwiseNormal(Pairwise, Normal):
                def __init__(self, count):
                    Normal.__init__(self, count)
                    Pairwise.__init__(self)
            """
        ),
        Example(
            """
            import functools
            from elsewhere import module_init
            from torch import nn
            def with_parent(init):
                @functools.wraps(init)
                def run(self, *args):
                    nn.Module.__init__(self)
                    init(self, *args)
                return run
            def initialised(cls):
                setattr(cls, "__init__", with_parent(cls.__init__))
                return cls
            @initialised
            class Set(nn.Module):
                def __init__(self):
                    self.fc = nn.Linear(2, 2)
            @module_init
            class Unseen(nn.Module):
                def __init__(self):
                    self.fc = nn.Linear(2, 2)
            class Wrapped(nn.Module):
                def __init__(self):
                    self.fc = nn.Linear(2, 2)
                __init__ = with_parent(__init__)
            class Patched(nn.Module):
                def __init__(self):
                    self.fc = nn.Linear(2, 2)
            Patched.__init__ = with_parent(Patched.__init__)
            class Refusing(nn.Module):
                def __init__(self, *args):
                    message = "build it with Refusing.load()"
                    raise TypeError(message)
            class Named(nn.Module):
                def __init__(self):
                    module = self
                    with_parent(print)(*(self,))
                    self.fc = nn.Linear(2, 2)
            """
        ),
        Example(
            """
            import functools
            from registry import MODELS
            from torch import nn
            @MODELS.register_module()
            @functools.total_ordering
            class Noted(nn.Module):
                def __init__(self):  # NN101
                    self.fc = nn.Linear(2, 2)
            """
        ),
        Example(
            """
            import functools
            from torch import nn
            class Net(nn.Module):
                def __init__(self):  # NN101
                    @functools.cache
                    def width():
                        return 2
                    self.fc = nn.Linear(width(), 2)
            """,
            fixed="""
            import functools
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    @functools.cache
                    def width():
                        return 2
                    self.fc = nn.Linear(width(), 2)
            """,
        ),
    ),
)
