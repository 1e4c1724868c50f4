"""
A `@dataclass` on an `nn.Module`: it writes an `__init__` that never calls `nn.Module`'s.

## Why it hurts
The first layer in a field, or the first call, raises `AttributeError`: the tables that `nn.Module.__init__` creates
are not there. `eq=True`, the default, also takes away the hash that modules are found by. The `__init__` of a parent
class is not run either: the generated one takes its place.

## What is not reported
A dataclass with an `__init__` of its own, with `init=False`, or with a `__post_init__` or `__new__` that may
initialise the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.rebuilding import may_be_rebuilt
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule

_DECORATORS = frozenset(
    {"dataclasses.dataclass", "attr.s", "attr.attrs", "attr.define", "attrs.define", "attr.dataclass"}
)

_LATER = ("__post_init__", "__attrs_post_init__")
_MAY_INITIALISE = re.compile(r"__init__|\bsuper\b|__dict__|\bself\s*[,)]")
"""A call of an `__init__`, or an instance that is handed to something else."""


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report a generated `__init__` that leaves the module without its tables."""
    if not cls.is_certain or cls.init is not None or not _DECORATORS & set(cls.decorator_origins):
        return
    text = cls.decorator_text.replace(" ", "")
    if "init=False" in text or "(**" in text or ",**" in text or may_be_rebuilt(cls, _DECORATORS):
        return
    if any(map(cls.defines, ("__new__", "__attrs_pre_init__"))) or not all(
        _leaves_it_out(cls, name) for name in _LATER
    ):
        return
    message = f"`@dataclass` writes an `__init__` for `{cls.name}` that never calls `super().__init__()`"
    yield Finding(cls.name_span, message)


def _leaves_it_out(cls: ModuleClass, name: str) -> bool:
    """Whether a method that runs behind the generated `__init__` is not there, or initialises nothing for certain."""
    if not cls.defines(name):
        return True
    method = cls.method(name)
    if method is None or method.decorators:
        return False
    reached = tuple(cls.closure([method]))
    return not any(_MAY_INITIALISE.search(item.syntax.text(item.node.body)) for item in reached)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A decorator of that family, and no `__init__`."""
    return facts.method("__init__") is None and any(
        name.split(".")[-1] in ("dataclass", "s", "attrs", "define") for name in facts.decorators
    )


RULE = Rule(
    code="NN110",
    name="dataclass-module",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import dataclasses
            from dataclasses import dataclass, field
            from torch import nn
            @dataclass
            class Gate(nn.Module):  # NN110
                dim: int = 4
                def forward(self, x):
                    return x * self.dim
            @dataclasses.dataclass(eq=False)
            class Layered(nn.Module):  # NN110
                fc: nn.Module = field(default_factory=nn.Identity)
            @dataclass(eq=False)
            class Later(nn.Module):  # NN110
                dim: int = 4
                def __post_init__(self):
                    self._build()
                def _build(self):
                    self.fc = nn.Linear(self.dim, 2)
                def forward(self, x):
                    return self.fc(x)
            class Base(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(x)
            @dataclass(eq=False)
            class Heir(Base):  # NN110
                dim: int = 4
            """
        ),
        Example(
            """
            from dataclasses import dataclass
            from torch import nn
            from elsewhere import define
            @dataclass(eq=False)
            class Post(nn.Module):
                dim: int = 4
                def __post_init__(self):
                    super().__init__()
            @dataclass(eq=False)
            class Helped(nn.Module):
                dim: int = 4
                def __post_init__(self):
                    self._start()
                def _start(self):
                    nn.Module.__init__(self)
            @dataclass(eq=False)
            class Handed(nn.Module):
                dim: int = 4
                def __post_init__(self):
                    prepare(self)
            def prepare(module):
                nn.Module.__init__(module)
            @dataclass(eq=False)
            class Made(nn.Module):
                dim: int = 4
                def __new__(cls, *args, **kwargs):
                    self = super().__new__(cls)
                    nn.Module.__init__(self)
                    return self
            @dataclass(eq=False)
            class After(Post):
                width: int = 2
            @dataclass(init=False)
            class Own(nn.Module):
                dim: int = 4
            @dataclass
            class Written(nn.Module):
                dim: int = 4
                def __init__(self):
                    super().__init__()
            @dataclass
            class Config:
                dim: int = 4
            @define
            class Registered(nn.Module):
                pass
            """
        ),
        Example(
            """
            from dataclasses import dataclass
            from torch import nn
            OPTIONS = {"init": False, "eq": False}
            def moduled(cls):
                init = cls.__init__
                def run(self, *args, **kwargs):
                    nn.Module.__init__(self)
                    init(self, *args, **kwargs)
                cls.__init__ = run
                return cls
            def start(self, width=2):
                nn.Module.__init__(self)
                self.width = width
            @moduled
            @dataclass(eq=False)
            class Outer(nn.Module):
                width: int = 2
            @dataclass(**OPTIONS)
            class Starred(nn.Module):
                width: int = 2
            @dataclass(eq=False)
            class Assigned(nn.Module):
                width: int = 2
                __init__ = start
            """
        ),
    ),
)
