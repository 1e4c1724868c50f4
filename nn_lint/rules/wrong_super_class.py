"""
`super(Other, self)` names a class that is not the one it stands in.

## Why it hurts
An unrelated class raises `TypeError: super(type, obj): obj must be an instance or subtype of type`; a name that
does not exist raises `NameError`: both are what is left when a class was copied or renamed. The name of a parent
skips that parent's own `__init__` without a word, so the attributes that it would have set are missing later.
`nn.Module.__init__(self)` in a class that inherits from another one does the same. `super(nn.Module, self)` skips
the initialisation of the module altogether. `super(self.__class__, self)` and
`super(type(self), self)` are right for the class itself only: for an object of an heir they find the same method
again, which ends in `RecursionError`.

## What is not reported
`super(Parent, self)` where the skipped constructor sets nothing that the class still uses: that is how a
grandparent is called on purpose. `super(self.__class__, self)` where no heir in sight would call it.

## Fix safety
Safe for an unrelated class, an unknown name or the class of the object: it becomes the name of the class. Parents
are reported only, since the skip could be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import replace
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.super_use import SuperUse, Wrongness
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_NAMED = re.compile(r"super\s*\((?:[\s(\\]|#[^\n]*\n)*([\w.]+)")

_BY_NAME = re.compile(r"\w\s*\.\s*__init__\b")
_NEVER_RIGHT = (Wrongness.UNRELATED, Wrongness.UNDEFINED, Wrongness.RECURSIVE)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each two-argument `super` whose class is wrong for certain."""
    for use in cls.super_uses:
        wrongness = use.wrongness
        if wrongness is Wrongness.NONE:
            continue
        repair = None
        if wrongness in _NEVER_RIGHT and not cls.facts.in_function:
            name = cls.facts.qualified_name
            repair = Repair(f"Name the class itself, `{name}`", (replace(use.name_span, name),))
        yield Finding(use.span, _message(cls, use), repair)


def _message(cls: ModuleClass, use: SuperUse) -> str:
    said = {
        Wrongness.UNRELATED: f"no base of `{cls.name}`: raises TypeError",
        Wrongness.UNDEFINED: "defined nowhere in this file: raises NameError",
        Wrongness.MODULE_SKIPPED: f"the parent, so `nn.Module.__init__` never runs; write `super({cls.name}, self)`",
        Wrongness.RECURSIVE: f"the class of the object: a `{use.heir}` calls this method again, without end",
        Wrongness.PARENT_SKIPPED: f"a parent, so its own `__init__` is skipped, and `self.{use.missing}` is never set",
    }
    if use.wrongness is Wrongness.PARENT_PASSED:
        return f"`{use.name}.__init__` goes past `{cls.name}`'s own parent, so `self.{use.missing}` is never set"
    return f"`super({use.name}, ...)` in `{cls.name}` names {said[use.wrongness]}"


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `super` with a first argument that is not the name of the class, or an init that is called by name."""
    return any(name != facts.name for name in _NAMED.findall(source)) or _BY_NAME.search(source) is not None


RULE = Rule(
    code="NN104",
    name="wrong-super-class",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Encoder(nn.Module):
                def __init__(self):
                    super(Encoder, self).__init__()
            class Decoder(nn.Module):
                def __init__(self):
                    super(Encoder, self).__init__()  # NN104
            class Renamed(nn.Module):
                def __init__(self):
                    super(OldName, self).__init__()  # NN104
            """,
            fixed="""
            from torch import nn
            class Encoder(nn.Module):
                def __init__(self):
                    super(Encoder, self).__init__()
            class Decoder(nn.Module):
                def __init__(self):
                    super(Decoder, self).__init__()
            class Renamed(nn.Module):
                def __init__(self):
                    super(Renamed, self).__init__()
            """,
        ),
        Example(
            """
            from torch import nn
            class Base(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.stem = nn.Linear(4, 4)
                def forward(self, x):
                    return self.stem(x)
            class Child(Base):
                def __init__(self):
                    super(Base, self).__init__()  # NN104
                    self.head = nn.Linear(4, 2)
                def forward(self, x):
                    return self.head(super().forward(x))
            class Heir(Base):
                def __init__(self):
                    super(Base, self).__init__()  # NN104
            class Bare(nn.Module):
                def __init__(self):
                    super(nn.Module, self).__init__()  # NN104
            class Past(Base):
                def __init__(self):
                    nn.Module.__init__(self)  # NN104
                    self.head = nn.Linear(4, 2)
                def forward(self, x):
                    return self.head(self.stem(x))
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import *
            class Base(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.stem = nn.Linear(width, width)
                def forward(self, x):
                    return self.stem(x)
            class Own(Base):
                def __init__(self):
                    super(Base, self).__init__()
                    self.stem = nn.Identity()
            class Other(Base):
                def __init__(self):
                    super(Base, self).__init__()
                    self.left = nn.Identity()
                def forward(self, x):
                    return self.left(x)
            class PastOwn(Base):
                def __init__(self, stem):
                    nn.Module.__init__(self)
                    self.stem = stem
            class PastOther(Base):
                def __init__(self):
                    nn.Module.__init__(self)
                    self.left = nn.Identity()
                def forward(self, x):
                    return self.left(x)
            class PastHelped(Base):
                def __init__(self, stem):
                    nn.Module.__init__(self)
                    self.setup(stem)
                def setup(self, stem):
                    self.stem = stem
            class PastReset(Base):
                def __init__(self):
                    nn.Module.__init__(self)
                    self.reset()
                def reset(self):
                    Base.__init__(self, 4)
            class PastHanded(Base):
                def __init__(self):
                    nn.Module.__init__(self)
                    build(self)
            class Norm(nn.Linear):
                def __init__(self):
                    super(nn.Linear, self).__init__()
            class Dynamic(nn.Module):
                def __init__(self):
                    super(__class__, self).__init__()
                    super(self.__class__, self).train()
            class Starred(nn.Module):
                def __init__(self):
                    super(FromElsewhere, self).__init__()
            class Outer(nn.Module):
                class Inner(nn.Module):
                    def __init__(self):
                        super(Outer.Inner, self).__init__()
            """
        ),
        Example(
            """
            from torch.distributions import Gamma
            from torch import nn
            class Prior(nn.Module, Gamma):
                def __call__(self, x):
                    return super(Gamma, self).__call__(x)
            """,
            others=(("torch/__init__.py", ""), ("torch/distributions/__init__.py", "from ._made import *\n")),
        ),
        Example(
            """
            from torch import nn
            class Left(nn.Module):
                def step(self):
                    return super(Right, self).step()
            class Right(nn.Module):
                pass
            class Both(Left, Right):
                pass
            Alias = Both
            class Patched(nn.Module):
                def __init__(self):
                    super(Late, self).__init__()
            Late = Patched
            """
        ),
        Example(
            """
            from torch import nn
            class Parent(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.scale = nn.Parameter(width)
                    self.body = nn.Linear(width, width)
                    self.head = nn.Linear(width, width)
                def forward(self, x):
                    return self.head(self.body(x)) * self.scale
            class Child(Parent):
                def __init__(self, width):
                    super(Parent, self).__init__()
                    self.body = nn.Linear(width, width)
                @property
                def scale(self):
                    return 2.0
            def build(width, head):
                child = Child(width)
                child.head = head
                return child
            """
        ),
        Example(
            """
            from torch import nn
            class Head(nn.Module):
                pass
            class Net(nn.Module):
                class Block(nn.Module):
                    def __init__(self):
                        super(  # NN104
                            Head,  # the head
                            self,
                        ).__init__()
            """,
            fixed="""
            from torch import nn
            class Head(nn.Module):
                pass
            class Net(nn.Module):
                class Block(nn.Module):
                    def __init__(self):
                        super(
                            Net.Block,  # the head
                            self,
                        ).__init__()
            """,
        ),
        Example(
            """
            from torch import nn
            class Base(nn.Module):
                def __init__(self):
                    super(self.__class__, self).__init__()  # NN104
                    self.fc = nn.Linear(3, 3)
            class Child(Base):
                def __init__(self):
                    super().__init__()
                    self.head = nn.Linear(3, 3)
            class Typed(nn.Module):
                def __init__(self):
                    super(type(self), self).__init__()  # NN104
            class Plain(Typed):
                pass
            """,
            fixed="""
            from torch import nn
            class Base(nn.Module):
                def __init__(self):
                    super(Base, self).__init__()
                    self.fc = nn.Linear(3, 3)
            class Child(Base):
                def __init__(self):
                    super().__init__()
                    self.head = nn.Linear(3, 3)
            class Typed(nn.Module):
                def __init__(self):
                    super(Typed, self).__init__()
            class Plain(Typed):
                pass
            """,
        ),
        Example(
            """
            from torch import nn
            class Alone(nn.Module):
                def __init__(self):
                    super(self.__class__, self).__init__()
            class Asked(nn.Module):
                def __init__(self):
                    if type(self) is Asked:
                        super(self.__class__, self).__init__()
                    else:
                        super(Asked, self).__init__()
            class Heir(Asked):
                pass
            class Replaced(nn.Module):
                def __init__(self):
                    super(self.__class__, self).__init__()
            class Replacing(Replaced):
                def __init__(self):
                    nn.Module.__init__(self)
            class Mode(nn.Module):
                def __init__(self):
                    super().__init__()
                    super(self.__class__, self).train()
            class Eager(Mode):
                pass
            class Training(nn.Module):
                def train(self, mode=True):
                    if type(self) is not Training:
                        return self
                    return super(type(self), self).train(mode)
            class Frozen(Training):
                pass
            """
        ),
    ),
)
