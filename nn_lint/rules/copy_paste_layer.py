"""
A copied line that kept its name: `forward` calls `conv1` twice and `conv2` never, or `__init__` stores two as `conv1`.

## Why it hurts
A line was copied and its number was not changed. Two calls of one layer share one set of weights; the sibling's are in
`parameters()`, get no gradient, and stay as they were at the start. Of two layers that are stored under one name the
first is lost, and so are all but the last that a loop stores under it. Nothing fails where the shapes agree.

## What is not reported
Layers that are called again where no sibling lies idle, siblings that anything near uses, layers without weights, and
classes whose bases, heirs or callers may use them in ways that cannot be read. A name that is given anew by way of the
old layer (`self.fc = wrap(self.fc)`), after something may have taken it, on some path only, or to a layer of another
class; and a line that stands there twice for a layer that is called once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.confused_layers import confused_layers
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.overwritten_layers import overwritten_layers
from nn_lint.model.unused_layers import may_be_unused
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.overwritten import may_overwrite
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the second call of a layer whose sibling lies idle, and the second layer of one name."""
    yield from _confused(cls)
    if cls.is_module and _stores_again(cls.text):
        for found in overwritten_layers(cls):
            name = f"`self.{found.attribute}`"
            lost = f"each round stores another layer as {name}: all but the last are lost"
            message = lost if found.in_loop else f"{name} was given a layer just before: that one is lost"
            yield Finding(cls.syntax.span(found.statement.targets[0]), message)


def _confused(cls: ModuleClass) -> Iterator[Finding]:
    for found in confused_layers(cls):
        name, other = found.called.attribute, found.unused.attribute
        message = (
            f"`self.{name}` is called twice and `self.{other}` never: the two steps share weights, and those of "
            f"`self.{other}` never train"
        )
        yield Finding(cls.syntax.span(found.call), message)


_STORE = re.compile(r"\.\s*(\w+)\s*=\s*\(*\s*(?:\w+\s*\.\s*)*_*[A-Z]\w*\s*\(")
_LOOPED = re.compile(r"^[ \t]+for\b[^\n]*\bin\b", re.MULTILINE)


def _stores_again(source: str) -> bool:
    """Whether two statements, or one in a class with loops, give an attribute an instance of some class."""
    names = _STORE.findall(source)
    return len(set(names)) < len(names) or (bool(names) and _LOOPED.search(source) is not None)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `forward` and an attribute that gets a layer and stands nowhere else, or one that may get two."""
    is_unused = facts.method("forward") is not None and may_be_unused(source)
    return is_unused or (facts.method("__init__") is not None and _stores_again(source))


def premise(cls: ModuleClass) -> bool:
    """The same, where the two stand in one block or one in a loop."""
    return cls.tree is None or may_be_unused(cls.text) or may_overwrite(cls.tree)


RULE = Rule(
    code="NN418",
    name="copy-paste-layer",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
                    self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
                def forward(self, x):
                    x = self.conv1(x).relu()
                    return self.conv1(x).relu()  # NN418
            class Attention(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.q_proj = nn.Linear(dim, dim)
                    self.k_proj = nn.Linear(dim, dim)
                    self.v_proj = nn.Linear(dim, dim)
                def forward(self, x):
                    q = self.q_proj(x)
                    k = self.k_proj(x)
                    v = self.k_proj(x)  # NN418
                    return (q @ k.mT).softmax(-1) @ v
            """
        ),
        Example(
            """
            from torch import nn
            class Twice(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
                    self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
                def forward(self, x):
                    return self.conv1(self.conv1(self.conv2(x)))
            class Heir(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
                    self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
                def forward(self, x):
                    return self.conv1(self.conv1(x))
            class Second(Heir):
                def forward(self, x):
                    return self.conv2(super().forward(x))
            class Any(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc1 = nn.Linear(4, 4)
                    self.fc2 = nn.Linear(4, 4)
                def forward(self, x):
                    x = self.fc1(self.fc1(x))
                    for layer in self.children():
                        x = layer(x)
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, d, n):
                    super().__init__()
                    self.conv1 = nn.Conv2d(3, d, 3)
                    self.bn1 = nn.BatchNorm2d(d)
                    self.conv1 = nn.Conv2d(d, 2 * d, 3)  # NN418
                    self.bn1 = nn.BatchNorm2d(d)  # NN418
                    for i in range(n):
                        self.layer = nn.Linear(d, d)  # NN418
                def forward(self, x):
                    return self.layer(self.bn1(self.conv1(self.bn1(x))))
            """
        ),
        Example(
            """
            from torch import nn
            from torch.nn.utils import weight_norm
            class Rewritten(nn.Module):
                def __init__(self, d, n, small):
                    super().__init__()
                    self.fc = nn.Linear(d, d)
                    self.fc = weight_norm(self.fc)
                    self.head = nn.Linear(d, d)
                    self.tail = nn.Linear(d, self.head.out_features)
                    self.head = nn.Linear(d, 2)
                    self.norm = nn.LayerNorm(d)
                    self.norm = nn.LayerNorm(d)
                    self.act = nn.PReLU()
                    self.act = nn.ReLU()
                    self.proj = nn.Linear(d, d)
                    if small:
                        self.proj = nn.Linear(d, 2)
                    if small:
                        self.out = nn.Linear(d, 1)
                    else:
                        self.out = nn.Linear(d, 2)
                    self.last = nn.Linear(d, d)
                    self.reset()
                    self.last = nn.Linear(d, 1)
                    self.mid = nn.Linear(d, d)
                    if small:
                        return
                    self.mid = nn.Linear(d, 1)
                    self.layers = nn.ModuleList()
                    for i in range(n):
                        self.layer = nn.Linear(d, d)
                        self.layers.append(self.layer)
                    for i in range(n):
                        self.first = nn.Linear(d, d)
                        break
                    for i in range(n):
                        self.named = nn.Linear(d, d)
                        setattr(self, f"named{i}", nn.Linear(d, d))
                    for i in range(n):
                        if i == 0:
                            self.zeroth = nn.Linear(d, d)
                def reset(self):
                    nn.init.zeros_(self.last.weight)
                def forward(self, x):
                    return self.last(self.fc(x))
            """
        ),
        Example(
            """
            from torch import nn
            class Exact(nn.Module):
                def __init__(self, size, width, padding):
                    super().__init__()
                    self.positions = nn.Embedding(size, width)
                    self.padding = padding
                    self.positions = nn.Embedding(size, width, padding_idx=padding)
                def forward(self, x):
                    return self.positions(x) + self.positions(x + 1)
            """
        ),
    ),
)
