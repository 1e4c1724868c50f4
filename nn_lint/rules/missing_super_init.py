"""
An `nn.Module` whose `__init__` never calls its parent's.

## Why it hurts
`nn.Module.__init__` creates the tables that hold parameters, buffers, submodules and hooks. Without it the first
`self.fc = nn.Linear(...)` raises `AttributeError: cannot assign module before Module.__init__() call`. A class that
only sets plain attributes is constructed, and fails at its first call or at `.parameters()`.

A call that never runs is none: after an unconditional `return`, or in a nested function that nothing calls.

The same happens where `super().__init__()` ends in a mixin: in `class Net(LogMixin, nn.Module)` it calls
`LogMixin.__init__`, and where that one does not call `super().__init__()` in its turn, `nn.Module`'s never runs.

## What is not reported
Classes without an `__init__` of their own, explicit calls such as `nn.Module.__init__(self)`, a call made by a
helper method or function that gets `self`, constructors that fill `__dict__` themselves, and classes with a base
that cannot be seen or that has a metaclass.

## Fix safety
Safe: `super().__init__()` becomes the first statement after the docstring. No fix is offered where the parent's
`__init__` wants arguments, since none is ever guessed, nor for a mixin, which may be another file's.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.statements import insert_first
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.rebuilding import may_be_rebuilt
from nn_lint.model.skipped_module import may_stop_at_mixin, stopping_mixin
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report a class whose construction does not reach `nn.Module.__init__`."""
    yield from _without_call(cls)
    yield from _stopped_by_mixin(cls)


def _stopped_by_mixin(cls: ModuleClass) -> Iterator[Finding]:
    """A mixin in front of `nn.Module` that keeps the call to itself."""
    mixin = stopping_mixin(cls)
    if mixin is not None:
        span = cls.name_span if cls.init is None else cls.init.name_span
        reached = f"`{cls.name}` is initialised by `{mixin.name}.__init__`, which calls no `super().__init__()`"
        yield Finding(span, f"{reached}: `nn.Module.__init__` never runs")


def _without_call(cls: ModuleClass) -> Iterator[Finding]:
    """An `__init__` from which no parent's `__init__` is reached."""
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
    """An `__init__` that does not begin with the call, or several bases."""
    return not facts.begins_with_parent_init or len(facts.bases) > 1


def premise(cls: ModuleClass) -> bool:
    """An `__init__` that does not begin with the call, or a mixin in front of `nn.Module`."""
    return not cls.facts.begins_with_parent_init or may_stop_at_mixin(cls)


RULE = Rule(
    code="NN101",
    name="missing-super-init",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    premise=premise,
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
        Example(
            """
            from torch import nn
            class LogMixin:
                def __init__(self):
                    self.logs = []
            class PathMixin:
                def __init__(self, path):
                    self.path = path
            class Logging(LogMixin, nn.Module):
                def __init__(self):  # NN101
                    super().__init__()
                    self.fc = nn.Linear(3, 3)
            class Heir(Logging):
                def __init__(self):
                    super().__init__()
                    self.more = nn.Linear(3, 3)
            class Saved(PathMixin, nn.Module):
                def __init__(self, path):  # NN101
                    PathMixin.__init__(self, path)
                    self.fc = nn.Linear(3, 3)
            class Inherited(LogMixin, nn.Module):  # NN101
                def forward(self, x):
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import prepare
            class Quiet:
                def __init__(self):
                    self.logs = []
            class Going:
                def __init__(self, **options):
                    super().__init__(**options)
                    self.logs = []
            class Maybe:
                def __init__(self, deep):
                    if deep:
                        super().__init__()
            class Setting:
                def __init__(self):
                    self.setup()
            class Preparing:
                def __init__(self):
                    prepare(self)
            class Stub:
                def __init__(self):
                    raise NotImplementedError
            class First(Going, nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class Both(Quiet, nn.Module):
                def __init__(self):
                    nn.Module.__init__(self)
                    Quiet.__init__(self)
                    self.fc = nn.Linear(2, 2)
            class Past(Quiet, nn.Module):
                def __init__(self):
                    super(Quiet, self).__init__()
                    self.fc = nn.Linear(2, 2)
            class Deep(Maybe, nn.Module):
                def __init__(self):
                    super().__init__(True)
            class Hooked(Setting, nn.Module):
                def setup(self):
                    nn.Module.__init__(self)
                def forward(self, x):
                    return x
            class Prepared(Preparing, nn.Module):
                def __init__(self):
                    super().__init__()
            class Interface(Stub, nn.Module):
                def forward(self, x):
                    return x
            class Waiting(Quiet, nn.Module):
                pass
            class Base(Quiet, nn.Module):
                def __init__(self):
                    super().__init__()
                    self.width = 3
            class Knowing(Base):
                def __init__(self):
                    nn.Module.__init__(self)
                    Base.__init__(self)
            """
        ),
        Example(
            """
            from torch import nn
            class After(nn.Module):
                def __init__(self, dim):  # NN101
                    self.dim = dim
                    return
                    super().__init__()
            class Nested(nn.Module):
                def __init__(self, dim):  # NN101
                    def build():
                        super(Nested, self).__init__()
                        self.fc = nn.Linear(dim, dim)
                    self.dim = dim
            class Lambda(nn.Module):
                def __init__(self, dim):  # NN101
                    init = lambda: super().__init__()
                    self.fc = nn.Linear(dim, dim)
            class Kept(nn.Module):
                def __init__(self, dim):  # NN101
                    parent = super()
                    self.fc = nn.Linear(dim, dim)
            """
        ),
        Example(
            """
            from torch import nn
            class Nested(nn.Module):
                def __init__(self, dim):
                    def build():
                        super(Nested, self).__init__()
                    build()
                    self.fc = nn.Linear(dim, dim)
            class Handed(nn.Module):
                def __init__(self, run):
                    init = lambda: super().__init__()
                    run(init)
                    self.fc = nn.Linear(2, 2)
            class Object(nn.Module):
                def __init__(self):
                    parent = super()
                    parent.__init__()
                    self.fc = nn.Linear(2, 2)
            class Other(nn.Module):
                def __init__(self, dim):
                    def unused():
                        super(Other, self).__init__()
                    nn.Module.__init__(self)
                    self.fc = nn.Linear(dim, dim)
            class Kept(nn.Module):
                def __init__(self, run):
                    @run
                    def build():
                        super(Kept, self).__init__()
                    self.fc = nn.Linear(2, 2)
            class Early(nn.Module):
                def __init__(self):
                    self._start()
                    return
                    super().__init__()
                def _start(self):
                    nn.Module.__init__(self)
            """
        ),
    ),
)
