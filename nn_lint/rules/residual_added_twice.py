"""
A shortcut that is added in a block and again: the input, or the branch, counts twice.

## Why it hurts
Nothing fails, and no shape tells. A block that should compute `x + f(x)` computes `2 * x + f(x)`, so what it passes
on doubles with every block, and the branches of a deep network drown in it.

## What it takes to be reported
- A sum in `forward` brings in a term that it has already, with no layer and no other use in between:
  `out = self.conv(x) + x` and then `return out + x`. A term is a value, whatever names it has; the sums of helper
  methods, of `torch.add` and `sum([...])`, and terms that every branch of a condition adds count as well.
- `for block in self.blocks: x = x + block(x)`, where the class of the blocks always ends in its own `x + f(x)`; or
  `x + self.positions(x)`, where that class adds its table to `x` by itself. These are warnings.

Long skip connections stay silent, since they are made so on purpose: sums around a `Sequential`, around a single
block, around a block of blocks or one that adds its input on some condition, and sums whose parts are used elsewhere
too. So do scaled sums, and classes that speak of nested shortcuts ("residual in residual", "double skip").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Severity
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.around import calls_an_adder, doubled_blocks
from nn_lint.model.residual.repeats import RepeatedTerm, repeated_terms
from nn_lint.project.code_text import bare_code, method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report sums that have a term twice, and sums around blocks that have made them already."""
    if not cls.is_module:
        return
    if sum(_additions(item.facts, item.text) for item in (cls, *cls.ancestors)) > 1:
        for repeated in repeated_terms(cls):
            yield Finding(cls.syntax.span(repeated.node), _message(cls, repeated))
    if calls_an_adder(cls):
        for found in doubled_blocks(cls):
            text, name = cls.syntax.text(found.node), found.called.facts.name
            message = f"`{text}` counts the input twice: `{name}` adds it already"
            yield Finding(cls.syntax.span(found.node), message, severity=Severity.WARNING)


def _message(cls: ModuleClass, repeated: RepeatedTerm) -> str:
    text, name = cls.syntax.text(repeated.node), repeated.term.name
    what = f"`{name}`" if name else "the same value"
    return f"`{text}` adds {what} a second time: one side of the sum has it already"


_ADDITION = re.compile(r"\+|\badd_?\b|\bsum\b")


def _additions(facts: ClassFacts, source: str) -> int:
    """How often the methods may add something; a `sum` may add any number of things."""
    code = bare_code(source)
    found = len(_ADDITION.findall(code)) - len(_ADDITION.findall(method_code(facts, source, "__init__")))
    return found + code.count("sum")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A class with a forward in which something is added."""
    codes = (method_code(facts, source, method.name) for method in facts.methods if method.name != "__init__")
    return facts.method("forward") is not None and any(map(_ADDITION.search, codes))


RULE = Rule(
    code="NN306",
    name="residual-added-twice",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.sum_sides.nested or cls.sum_sides.around,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class InPlace(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = self.fc(x)
                    out += identity
                    return F.relu(out + identity)  # NN306
            class Alias(nn.Module):
                def __init__(self, channels):
                    super().__init__()
                    self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.drop = nn.Dropout(0.1)
                def forward(self, x):
                    shortcut = x
                    out = self.conv2(F.relu(self.conv1(x)))
                    out = self.drop(torch.add(out, x))
                    out += shortcut  # NN306
                    return F.relu(out)
            class Projected(nn.Module):
                def __init__(self, channels, width):
                    super().__init__()
                    self.conv = nn.Conv2d(channels, width, 3, padding=1)
                    self.shortcut = nn.Conv2d(channels, width, 1)
                def forward(self, x):
                    out = self.conv(x) + self.shortcut(x)
                    return F.relu(out + self.shortcut(x))  # NN306
            class Helper(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def branch(self, x):
                    return self.fc(x) + x
                def forward(self, x):
                    return x + self.branch(x)  # NN306
            class BothWays(nn.Module):
                def __init__(self, dim, use):
                    super().__init__()
                    self.fc, self.use = nn.Linear(dim, dim), use
                def forward(self, x):
                    if self.use:
                        out = self.fc(x) + x
                    else:
                        out = F.relu(self.fc(x)) + x
                    return out + x  # NN306
            class BranchTwice(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 4)
                    self.drop = nn.Dropout(0.1)
                    self.norm = nn.LayerNorm(dim)
                def forward(self, x):
                    out, weights = self.attn(x, x, x)
                    x = x + self.drop(out)
                    return self.norm(x + out)  # NN306
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Block(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return x + self.fc(self.norm(x))
            class Positions(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.table = nn.Parameter(torch.zeros(1, 100, dim))
                    self.drop = nn.Dropout(0.1)
                def forward(self, x):
                    x = x + self.table[:, : x.size(1)]
                    return self.drop(x)
            class Net(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.positions = Positions(dim)
                    self.blocks = nn.ModuleList([Block(dim) for _ in range(4)])
                    self.more = nn.ModuleList()
                    for _ in range(2):
                        self.more.append(Block(dim))
                def forward(self, x):
                    x = x + self.positions(x)  # NN306
                    for block in self.blocks:
                        x = x + block(x)  # NN306
                    for block in self.more:
                        identity = x
                        x = block(x)
                        x += identity  # NN306
                    return x
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class LongSkip(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc1, self.fc2 = nn.Linear(dim, dim), nn.Linear(dim, dim)
                def forward(self, x):
                    h = x + self.fc1(x)
                    h = h + self.fc2(h)
                    return x + h
            class LoopSkip(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(3)])
                def forward(self, x):
                    out = x
                    for layer in self.layers:
                        out = out + layer(out)
                    return out + x
            class Layered(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc1, self.fc2 = nn.Linear(dim, dim), nn.Linear(dim, dim)
                def forward(self, x):
                    return x + self.fc2(x + self.fc1(x))
            class Scaled(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x) + x
                    return 0.2 * out + x
            class Positioned(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 4)
                    self.norm = nn.LayerNorm(dim)
                def forward(self, x, pos):
                    query = x + pos
                    x = self.norm(x + self.attn(query, query, x)[0])
                    query = x + pos
                    return self.norm(x + self.attn(query, query, x)[0])
            class Optional(nn.Module):
                def __init__(self, dim, inner):
                    super().__init__()
                    self.fc, self.inner = nn.Linear(dim, dim), inner
                def forward(self, x):
                    out = self.fc(x)
                    if self.inner:
                        out = out + x
                    else:
                        out = out + x
                        return out
                    return out * 2 + x
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Block(nn.Module):
                def __init__(self, dim, adds=True):
                    super().__init__()
                    self.fc, self.adds = nn.Linear(dim, dim), adds
                def forward(self, x):
                    out = self.fc(x)
                    if self.adds:
                        out = out + x
                    return out
            class Branch(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return F.relu(self.fc(x) + 1)
            class Adder(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return x + self.fc(x)
            class Group(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.first, self.second = Adder(dim), Adder(dim)
                def forward(self, x):
                    return x + self.second(self.first(x))
            class Net(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.block = Block(dim)
                    self.branches = nn.ModuleList([Branch(dim) for _ in range(4)])
                    self.group = Group(dim)
                    self.body = nn.Sequential(Adder(dim), Adder(dim), nn.Linear(dim, dim))
                    self.one = Adder(dim)
                    self.two = Adder(dim)
                def forward(self, x):
                    x = x + self.block(x)
                    x = x + self.one(x)
                    for branch in self.branches:
                        x = x + branch(x)
                    x = x + self.group(x)
                    x = x + self.body(x)
                    one = self.one(x)
                    return self.two(x + one) + one
            class Collected(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.blocks = nn.ModuleList([Adder(dim) for _ in range(2)])
                def forward(self, x):
                    found = []
                    for block in self.blocks:
                        out = block(x)
                        x = x + out
                        found.append(out)
                    return sum(found)
            class DoubleSkip(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.inner = nn.ModuleList([Adder(dim) for _ in range(2)])
                def forward(self, x):
                    for inner in self.inner:
                        x = x + inner(x)
                    return x
            """
        ),
    ),
)
