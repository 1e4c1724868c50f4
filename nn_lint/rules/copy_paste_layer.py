"""
A layer that `forward` calls twice while its sibling is never called: `conv1`, `conv1`, and no `conv2`.

## Why it hurts
A line was copied and its number was not changed. The two steps share one set of weights; the sibling's are in
`parameters()`, get no gradient, and stay as they were at the start. Nothing fails, and the shapes agree.

## What is not reported
Layers that are called again where no sibling lies idle, siblings that anything near uses, layers without weights, and
classes whose bases, heirs or callers may use them in ways that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.model.confused_layers import confused_layers
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.unused_layers import may_be_unused
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the second call of a layer whose sibling lies idle."""
    for found in confused_layers(cls):
        name, other = found.called.attribute, found.unused.attribute
        message = (
            f"`self.{name}` is called twice and `self.{other}` never: the two steps share weights, and those of "
            f"`self.{other}` never train"
        )
        yield Finding(cls.syntax.span(found.call), message)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `forward`, and an attribute that gets a layer and stands nowhere else."""
    return facts.method("forward") is not None and may_be_unused(source)


RULE = Rule(
    code="NN418",
    name="copy-paste-layer",
    doc=__doc__,
    check=check,
    sieve=sieve,
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
    ),
)
