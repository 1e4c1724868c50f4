"""
A method that is defined twice: the second replaces the first, which never runs.

## Why it hurts
Python keeps the last definition and says nothing. Of two `forward`s only the second is called; whatever is changed in
the first has no effect.

## What is not reported
Properties with setters, overloads and other decorated definitions, methods that something in the class body uses
before they are replaced, empty and abstract first versions, and two definitions in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nn_lint.model.method import Method, names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.syntax import walk
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import HARMLESS_METACLASSES
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each definition that replaces another."""
    if not cls.is_module or any(item.facts.metaclass not in HARMLESS_METACLASSES for item in (cls, *cls.ancestors)):
        return
    earlier: dict[str, Method] = {}
    for method in cls.methods:
        first = earlier.get(method.name)
        if first is not None and method.name != "_" and _is_dead(cls, first, method):
            row = first.name_span.start.row
            message = f"`{cls.name}.{method.name}` is defined again: the one of row {row} never runs"
            yield Finding(method.name_span, message)
        earlier[method.name] = method


def _is_dead(cls: ModuleClass, first: Method, second: Method) -> bool:
    if any(not name.startswith(("torch.no_grad", "torch.inference_mode")) for name in first.decorators):
        return False
    if any(name.split(".")[0] == first.name for name in second.decorators) or _is_empty(first):
        return False
    if cls.syntax.text(first.node) == cls.syntax.text(second.node):
        return False
    others = (item for item in cls.syntax.node.body.body if not isinstance(item, (cst.FunctionDef, cst.ClassDef)))
    signatures = [part for method in cls.methods for part in (*method.node.decorators, method.node.params)]
    used = {name.value for item in (*others, *signatures) for name in names(item)}
    quoted = {item.raw_value for node in cls.syntax.node.body.body for item in _strings(node)}
    return first.name not in used | quoted


def _strings(node: cst.CSTNode) -> Iterator[cst.SimpleString]:
    """The strings in a statement of the class body, those in methods left out."""
    found = () if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else walk(node, cst.SimpleString)
    return (item for item in found if isinstance(item, cst.SimpleString))


def _is_empty(method: Method) -> bool:
    """`pass`, `...`, a docstring alone, or nothing but a `raise`."""
    blank = (cst.Pass, cst.Raise)
    return all(isinstance(item, blank) or _is_ellipsis(item) for item in method.statements)


def _is_ellipsis(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.Ellipsis)


def sieve(facts: ClassFacts, source: str) -> bool:
    """Two methods of one name."""
    return len({method.name for method in facts.methods}) < len(facts.methods)


RULE = Rule(
    code="NN210",
    name="duplicate-method",
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
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(x).relu()
                def scale(self, x):
                    return x * 2
                def forward(self, x):  # NN210
                    return self.fc(x)
                @torch.no_grad()
                def scale(self, x):  # NN210
                    return x * 3
            """
        ),
        Example(
            """
            from typing import overload
            from torch import nn
            from elsewhere import register
            class Net(nn.Module):
                @property
                def width(self):
                    return self._width
                @width.setter
                def width(self, value):
                    self._width = value
                @overload
                def forward(self, x: int): ...
                @overload
                def forward(self, x: float): ...
                def forward(self, x):
                    return x
                def encode(self, x):
                    raise NotImplementedError
                def encode(self, x):
                    return x
                def old(self, x):
                    return x
                kept = old
                def old(self, x):
                    return x * 2
                def same(self, x):
                    return x
                def same(self, x):
                    return x
                @register
                def rule(self, x):
                    return x
                @register
                def rule(self, y):
                    return y
            """
        ),
        Example(
            """
            from elsewhere import Overloading, after
            from torch import nn
            class Default(nn.Module):
                def forward(self, x):
                    return x + 1
                def forward(self, x, plain=forward):
                    return plain(self, x) * 2
            class Chained(nn.Module):
                def forward(self, x):
                    return x + 1
                @after(forward)
                def forward(self, x):
                    return x * 2
            class Dispatched(nn.Module, metaclass=Overloading):
                def forward(self, x: int):
                    return x + 1
                def forward(self, x: float):
                    return x * 2
            class Quoted(nn.Module):
                def forward(self, x):
                    return x + 1
                plain = vars()["forward"]
                def forward(self, x):
                    return self.plain(x) * 2
            """
        ),
    ),
)
