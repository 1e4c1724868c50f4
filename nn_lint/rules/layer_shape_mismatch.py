"""
A layer that takes another number of features than the layer before it gives.

## Why it hurts
The first forward pass raises `RuntimeError: mat1 and mat2 shapes cannot be multiplied`, `Given groups=1, weight of size
... expected input ... to have 16 channels, but got 8 channels instead`, or `running_mean should contain 8 elements not
16`, far away from the line that is wrong.

## What is not reported
Numbers that agree for some choice of the constructor's parameters; layers with anything between them that may change
the number of features (a flatten, a view, an upsampling by another class, a hook); lazy layers; a Sequential that is
never called itself, or that other layers are put into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.feature_chains import mismatches
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.features import may_disagree
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each layer that takes another number of features than the layer before it gives."""
    if not cls.is_module:
        return
    for found in mismatches(cls):
        giver = cls.syntax.text(found.giver.call)
        yield Finding(
            cls.syntax.span(found.taker.call),
            f"`{found.taker.callee}` takes {found.taken} {found.unit}, and `{giver}` before it gives "
            f"{found.given}: the first forward pass raises",
        )


_LAYERS = re.compile(r"(?:Linear|(?:Conv|BatchNorm|ConvTranspose)[123]d|LayerNorm|GroupNorm)\s*\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """Two layers that have a number of features."""
    return len(_LAYERS.findall(source)) > 1


RULE = Rule(
    code="NN605",
    name="layer-shape-mismatch",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.tree is None or may_disagree(cls.tree),
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Sequence(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(
                        nn.Linear(10, 20),
                        nn.ReLU(),
                        nn.Linear(30, 5),  # NN605
                    )
                def forward(self, x):
                    return self.net(x)
            class Images(nn.Module):
                def __init__(self, width=4):
                    super().__init__()
                    self.net = nn.Sequential(
                        nn.Conv2d(3, 8, 3),
                        nn.BatchNorm2d(16),  # NN605
                        nn.ReLU(),
                        nn.MaxPool2d(2),
                        nn.Conv2d(16, width, 3),
                        nn.Conv2d(width * 2, 4, 3),  # NN605
                    )
                def forward(self, x):
                    return self.net(x)
            class Chained(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv1 = nn.Conv2d(3, 8, 3)
                    self.conv2 = nn.Conv2d(16, 8, 3)  # NN605
                    self.pool = nn.AdaptiveAvgPool2d(1)
                    self.fc1 = nn.Linear(16, 4)  # NN605
                    self.fc2 = nn.Linear(8, 2)  # NN605
                def forward(self, x):
                    x = F.relu(self.conv1(x))
                    x = self.pool(self.conv2(x)).flatten(1)
                    x = F.relu(self.fc1(x))
                    return self.fc2(x)
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self, width, hidden):
                    super().__init__()
                    self.conv = nn.Sequential(
                        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.PixelShuffle(2), nn.Conv2d(2, 8, 3),
                    )
                    self.flat = nn.Sequential(nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(64, 10))
                    self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d((2, 2)), nn.Flatten(), nn.Linear(32, 8))
                    self.first = nn.Linear(width, hidden)
                    self.second = nn.Linear(width, 2)
                    self.gated = nn.Sequential(nn.Linear(8, 16), nn.GLU(), nn.Linear(8, 2))
                    self.lazy = nn.Sequential(nn.Linear(4, 8), nn.LazyLinear(3), nn.Linear(3, 1))
                def forward(self, x):
                    x = self.pooled(self.conv(x))
                    return self.second(self.first(x)), self.flat, self.gated, self.lazy
            class Joined(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(4, 8)
                    self.b = nn.Linear(16, 8)
                    self.norm = nn.LayerNorm(6)
                    self.c = nn.Linear(2, 2)
                def forward(self, x, wide):
                    h = self.a(x)
                    h = self.b(torch.cat([h, h], dim=-1))
                    if wide:
                        h = h[:, :6]
                        return self.norm(h)
                    return self.c(h.view(-1, 2))
            class Width(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv1d(4, 8, 1)
                    self.fc = nn.Linear(100, 10)
                def forward(self, x):
                    return self.fc(self.conv(x))
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, width, hidden=64):
                    super().__init__()
                    self.fc1 = nn.Linear(width, hidden)
                    self.fc2 = nn.Linear(64, 2 * width)
                    self.fc3 = nn.Linear(48, 4)
                def forward(self, x):
                    return self.fc3(self.fc2(self.fc1(x)))
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, hidden):
                    super().__init__()
                    self.layers = nn.Sequential(
                        nn.Linear(10, hidden),
                        nn.ReLU(),
                        nn.Linear(4 * hidden, 2),  # NN605
                    )
                def forward(self, x):
                    return self.layers(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Sized(nn.Module):
                def __init__(self, dim=100, wide=False, extra=0, side=5, low=70):
                    super().__init__()
                    self.fc1 = nn.Linear(dim, 8)
                    self.fc2 = nn.Linear(8 * (1 + wide), 8 + extra)
                    self.fc3 = nn.Linear(8, side * side)
                    self.fc4 = nn.Linear(25, low - 7)
                    self.fc5 = nn.Linear(9 * 7, dim // 4)
                    self.fc6 = nn.Linear(dim - 75, 2)
                def forward(self, x):
                    return self.fc6(self.fc5(self.fc4(self.fc3(self.fc2(self.fc1(x))))))
            class Quotient(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc1 = nn.Linear(dim, dim // 2)
                    self.fc2 = nn.Linear(dim // 2 * 3, dim)  # NN605
                    self.fc3 = nn.Linear(dim + 1, dim)  # NN605
                    self.fc4 = nn.Linear(dim, 2 * dim + 1)
                    self.fc5 = nn.Linear(4, 2)  # NN605
                def forward(self, x):
                    return self.fc5(self.fc4(self.fc3(self.fc2(self.fc1(x)))))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Dense(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(11, 8, 1))
                    self.net = nn.Sequential(nn.Linear(4, 8), nn.Linear(16, 2))
                    self.net.insert(1, nn.Linear(8, 16))
                    self.head = nn.Sequential(nn.Linear(2, 8), nn.Linear(16, 2))
                    self.head[1] = nn.Linear(8, 2)
                def forward(self, x, y):
                    for layer in self.layers:
                        x = torch.cat([x, layer(x)], dim=1)
                    return x, self.head(self.net(y))
            class Doubled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.first = nn.Linear(4, 8)
                    self.second = nn.Linear(16, 2)
                    self.first.register_forward_hook(lambda module, given, out: torch.cat([out, out], dim=-1))
                def forward(self, x):
                    return self.second(self.first(x))
            """
        ),
    ),
)
