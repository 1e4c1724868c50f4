"""
`super().__init__()` is missed on some path through `__init__`: it stands in one branch only, or behind an early
return.

## Why it hurts
On the other path the module is never initialised, so the first layer raises `AttributeError: cannot assign module
before Module.__init__() call`; without layers the object fails at its first call. Tests that take the good path
never see it.

## What is not reported
A call in every branch, several calls under conditions of their own (other than the branches of one `if` with an
`else`), branches that raise or exit, calls in loops,
`with` and `try`, and conditions that ask the object itself (`hasattr(self, ...)`), which is how a diamond avoids a
second initialisation.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the first call of a constructor that can end, or register a layer, without it."""
    init = cls.init
    if init is None or not cls.is_certain or cls.construction.copies_state:
        return
    calls = [call for call in init.parent_calls if cls.construction.reaches_parent(call)]
    is_clear = len(calls) == 1 or (len(calls) > 1 and cls.construction.calls_in_ladder)
    if is_clear and cls.construction.misses_parent_call:
        call = calls[0]
        yield Finding(
            call.span, f"a path through `{cls.name}.__init__` misses this call, so the module is not initialised"
        )


def sieve(facts: ClassFacts, source: str) -> bool:
    """An `__init__` that does not begin with the call."""
    return not facts.begins_with_parent_init


RULE = Rule(
    code="NN106",
    name="super-init-conditional",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, pretrained=False):
                    if pretrained:
                        super().__init__()  # NN106
                    self.fc = nn.Linear(3, 3)
            class Early(nn.Module):
                def __init__(self, width=None):
                    if width is None:
                        return
                    super().__init__()  # NN106
                    self.fc = nn.Linear(width, width)
            class Ladder(nn.Module):
                def __init__(self, kind):
                    if kind == "small":
                        self.dim = 4
                    elif kind == "big":
                        super().__init__()  # NN106
                        self.dim = 8
                    else:
                        super().__init__()
                        self.dim = 16
                    self.fc = nn.Linear(self.dim, 3)
            class Stored(nn.Module):
                def __init__(self, dim, flag=False):
                    self.flag = flag
                    if self.flag is True:
                        super(Stored, self).__init__()  # NN106
                    self.fc = nn.Linear(dim, 6)
            """,
        ),
        Example(
            """
            from torch import nn
            class Base(nn.Module):
                def __init__(self, dim=2):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
            class Child(Base):
                def __init__(self, wide):
                    if wide:
                        super().__init__(8)
                    else:
                        super().__init__()
                    self.act = nn.ReLU()
            class Ladder(nn.Module):
                def __init__(self, kind):
                    assert kind in ("a", "b")
                    if kind == "a":
                        super().__init__()
                    elif kind == "b":
                        super().__init__()
                    self.fc = nn.Linear(3, 3)
            class Never(nn.Module):
                def __init__(self, kind):
                    if kind:
                        super().__init__()
                    else:
                        assert False
                    self.fc = nn.Linear(3, 3)
            class Strict(nn.Module):
                def __init__(self, kind):
                    if kind == "a":
                        super().__init__()
                    else:
                        raise ValueError(kind)
            class Split(nn.Module):
                def __init__(self, kind, deep):
                    if kind:
                        if deep:
                            super().__init__()
                        if not deep:
                            nn.Module.__init__(self)
                    else:
                        super().__init__()
                    self.fc = nn.Linear(3, 3)
            class Decided(nn.Module):
                def __init__(self, init_parent, ready=False):
                    self.asked = init_parent
                    self.ready = ready
                    self.ready = self.ready or hasattr(self, "_modules")
                    if self.asked:
                        super().__init__()
                    if not self.ready:
                        self.width = 3
            class Diamond(nn.Module):
                def __init__(self):
                    if not hasattr(self, "_modules"):
                        super().__init__()
                    self.fc = nn.Linear(3, 3)
            class Once(nn.Module):
                def __init__(self):
                    if "ready" in self.__dict__:
                        return
                    super().__init__()
            class Tried(Base):
                def __init__(self, dim):
                    try:
                        super().__init__(dim)
                    except TypeError:
                        super().__init__()
                    with nn.utils.skip_init():
                        self.fc = nn.Linear(3, 3)
            """
        ),
        Example(
            """
            import argparse
            from typing import NoReturn
            from typing_extensions import assert_never
            from torch import nn
            parser = argparse.ArgumentParser()
            def quick_init(module):
                nn.Module.__init__(module)
            def refuse(kind):
                raise ValueError(kind)
            class Quick(nn.Module):
                def __init__(self, quick):
                    if quick:
                        quick_init(self)
                    else:
                        super().__init__()
                    self.fc = nn.Linear(3, 3)
            class Refused(nn.Module):
                def __init__(self, kind):
                    if kind == "a":
                        super().__init__()
                    elif kind == "b":
                        refuse(kind)
                    elif kind == "c":
                        self._refuse(kind)
                    elif kind == "d":
                        parser.error(kind)
                    else:
                        assert_never(kind)
                    self.fc = nn.Linear(3, 3)
                def _refuse(self, kind) -> NoReturn:
                    print(kind)
                    raise ValueError(kind)
            class Part(nn.Module):
                def __init__(self, init_parent=True):
                    if init_parent:
                        super().__init__()
                    self.width = 3
            class Whole(Part):
                def __init__(self):
                    nn.Module.__init__(self)
                    Part.__init__(self, init_parent=False)
            class Finally(nn.Module):
                def __init__(self, width):
                    try:
                        if width is None:
                            return
                    finally:
                        super().__init__()
            class Looped(nn.Module):
                def __init__(self, width):
                    while True:
                        width += 1
                        if width > 3:
                            super().__init__()
                            break
                    self.fc = nn.Linear(3, 3)
            """
        ),
    ),
)
