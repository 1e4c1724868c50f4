"""
A comma at the end of an assignment: `self.fc = nn.Linear(4, 4),` or `x = self.conv(x),`.

## Why it hurts
The attribute is a tuple: its layer is not in `parameters()` and not in the `state_dict`, and calling it raises
`TypeError: 'tuple' object is not callable`. A result in a tuple fails in the next layer: `TypeError: conv2d()
received an invalid combination of arguments - got (tuple, ...)`.

## What is not reported
Tuples that are unpacked, indexed, looped over, added to or written with parentheses (unless they are called), and
tuples of anything but a layer or its result.

## Fix safety
Safe: the comma is taken away, where the code cannot run with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Edit, Span
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.trailing_commas import TrailingComma, trailing_commas
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report tuples of one that are used like what stands in them."""
    if not cls.is_module or not sieve(cls.facts, cls.text):
        return
    for found in trailing_commas(cls):
        what = "not registered, and calling it raises `TypeError`" if found.is_attribute else "no tensor any more"
        message = f"the comma makes `{found.name}` a tuple: it is {what}"
        yield Finding(cls.syntax.span(found.statement), message, Repair("Drop the comma", (_edit(cls, found),)))


def _edit(cls: ModuleClass, found: TrailingComma) -> Edit:
    lines = cls.syntax.lines
    end = cls.syntax.span(found.value).end
    comma = lines.text.index(",", lines.offset(end))
    return Edit(Span(end, lines.position(comma + 1)), "")


_ONE_ROW = re.compile(
    r"^[ \t]*(?:self\.\w+[ \t]*=|\w+[ \t]+=[ \t]|\w+=[^\n]*\bself\.)[^\n]*\),[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE
)
_ROWS = re.compile(
    r"^([ \t]*)(?:self\.\w+[ \t]*=|\w+[ \t]+=[ \t])[^\n]*\([ \t]*\r?\n(?:\1[ \t][^\n]*\n)*?\1\)+,[ \t\r]*(?:#|$)",
    re.MULTILINE,
)
_PARENTHESES = re.compile(r"\bself\.\w+[ \t]*=[ \t]*\(\s*[\w.]+\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A row, or rows down to a closing parenthesis, that begins like an assignment and ends in a comma."""
    return any(pattern.search(source) is not None for pattern in (_ONE_ROW, _ROWS, _PARENTHESES))


RULE = Rule(
    code="NN212",
    name="trailing-comma",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1),  # NN212
                    self.net = nn.Sequential(  # NN212
                        nn.Conv2d(1, 1, 1),
                        nn.ReLU(),
                    ),
                def forward(self, x):
                    return self.net(self.conv(x))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4),  # NN212
                    for layer in [self.fc]:
                        print(layer)
                def forward(self, x):
                    return self.fc(x)
            class Scaled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.scale = nn.Parameter(torch.ones(4)),  # NN212
                def forward(self, x):
                    return x * self.scale
            class Results(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1)
                def forward(self, x):
                    x = self.conv(x),  # NN212
                    x = F.relu(x),  # NN212
                    return self.conv(x)
            class Formatted(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = (nn.AvgPool2d(2),)  # NN212
                def forward(self, x):
                    return self.pool(x)
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1)
                    self.net = nn.Sequential(
                        nn.Conv2d(1, 1, 1),
                        nn.ReLU(),
                    )
                def forward(self, x):
                    return self.net(self.conv(x))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    for layer in [self.fc]:
                        print(layer)
                def forward(self, x):
                    return self.fc(x)
            class Scaled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.scale = nn.Parameter(torch.ones(4))
                def forward(self, x):
                    return x * self.scale
            class Results(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1)
                def forward(self, x):
                    x = self.conv(x)
                    x = F.relu(x)
                    return self.conv(x)
            class Formatted(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = (nn.AvgPool2d(2))
                def forward(self, x):
                    return self.pool(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Tuples(nn.Module):
                def __init__(self, dim, teacher):
                    super().__init__()
                    self.shape = tuple(dim),
                    self.hidden = (nn.Linear(4, 4),)
                    self.kernel = dim,
                    self.fc = nn.Linear(4, 4)
                    self.layers = nn.Linear(4, 4), nn.ReLU()
                    first = self.fc(teacher),
                    self.head = nn.Identity(),
                def forward(self, x):
                    for layer in self.head:
                        x = layer(x)
                    outputs = self.fc(x),
                    outputs = outputs + (x,)
                    hidden = self.fc(x),
                    states = self.fc(x),
                    (only,) = states
                    self.hidden[0](x)
                    return outputs, hidden[0], only
                def predict(
                    self,
                    x,
                ):
                    y = self.fc(
                        x,
                    )
                    return y
            """
        ),
    ),
)
