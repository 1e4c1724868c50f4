"""
A view that folds the batch into the features, or the features into the batch.

## Why it hurts
`x.view(-1)`, `x.view(1, -1)`, `torch.flatten(x)` and `nn.Flatten(0)` of a batch of images give one long vector: the
linear layer behind raises `mat1 and mat2 shapes cannot be multiplied` for every batch but one. `x.view(-1, 128)` of a
batch with 256 features for each sample gives twice as many rows as there are samples: nothing warns until the loss, or
not at all.

## What it takes to be reported
The value comes out of convolutions, batch norms or poolings in two dimensions and goes into a linear layer; or its
number of features is known in numbers, from a pooling to a fixed size, and the view asks for another. Classes that take
one sample, as they say, or that ask for the size of the batch are silent, and so are rows that are put together again,
that go elsewhere than into linear layers, or that hold several frames of a video.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.folding import foldings
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each view that mixes batch and features."""
    if not cls.is_module:
        return
    for found in foldings(cls):
        message = (
            f"`{cls.syntax.text(found.node)}` flattens the batch as well: the linear layer behind gets all samples as "
            "one; keep the first dimension, as `flatten(1)` does"
        )
        if found.features is not None:
            message = (
                f"each sample has {found.features} features here, and `{cls.syntax.text(found.node)}` cuts them "
                "into rows of another length: the rows are no samples any more; `flatten(1)` keeps them"
            )
        yield Finding(cls.syntax.span(found.node), message)


_FLATTENING = re.compile(r"latten\s*\(|\.(?:view|reshape)\s*\([^()]*-\s*1|(?:view|reshape)\s*\(\s*\(\s*-\s*1")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A flatten or such a view, and a linear layer or a pooling."""
    return _FLATTENING.search(source) is not None and ("Linear" in source or "Adaptive" in source)


RULE = Rule(
    code="NN507",
    name="view-folds-batch",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Flat(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 8, 3)
                    self.norm = nn.BatchNorm2d(8)
                    self.pool = nn.AdaptiveAvgPool2d(1)
                    self.fc = nn.Linear(8, 2)
                def forward(self, x):
                    x = self.pool(self.norm(self.conv(x)))
                    x = torch.flatten(x)  # NN507
                    return self.fc(x)
            class Viewed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
                    self.fc = nn.Linear(8, 2)
                def forward(self, x):
                    return self.fc(self.body(x).view(-1))  # NN507
            class Rows(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 16, 3)
                    self.pool = nn.AdaptiveAvgPool2d((4, 4))
                    self.fc = nn.Linear(128, 2)
                def forward(self, x):
                    x = self.pool(self.conv(x).relu())
                    x = x.view(-1, 128)  # NN507
                    return self.fc(x)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Right(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 16, 3)
                    self.pool = nn.AdaptiveAvgPool2d((4, 4))
                    self.fc = nn.Linear(256, 2)
                def forward(self, x):
                    x = self.pool(self.conv(x))
                    a = self.fc(torch.flatten(x, 1)) + self.fc(x.flatten(start_dim=1))
                    return a + self.fc(x.view(-1, 256)) + self.fc(x.view(x.size(0), -1))
            class Unknown(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 16, 3)
                    self.fc = nn.Linear(400, 2)
                def forward(self, x, vector):
                    y = self.conv(x)
                    return self.fc(y.view(-1, 400)), self.fc(vector.view(-1)), y.flatten().sum()
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class OneImage(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 2, 3, padding=1)
                    self.fc = nn.Linear(8, 2)
                def forward(self, image):
                    return self.fc(self.conv(image).flatten())
            class Checked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 2, 3, padding=1)
                    self.fc = nn.Linear(8, 2)
                def forward(self, x):
                    assert x.shape[0] == 1
                    return self.fc(self.conv(x).view(-1))
            class Capsules(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 16, 3)
                    self.pool = nn.AdaptiveAvgPool2d(2)
                    self.fc = nn.Linear(8, 2)
                    self.codes = nn.Parameter(torch.randn(5, 4))
                def forward(self, x):
                    y = self.pool(self.conv(x))
                    rows = torch.cdist(y.view(-1, 4), self.codes).argmin(1)
                    return self.fc(y.reshape(-1, 8)).view(x.size(0), -1, 2), rows
            class Video(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 16, 3)
                    self.pool = nn.AdaptiveAvgPool2d(1)
                    self.fc = nn.Linear(64, 2)
                def forward(self, frames):
                    return self.fc(self.pool(self.conv(frames)).view(-1, 64))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Row(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 4, 3)
                    self.fc = nn.Linear(4 * 26 * 26, 10)
                def forward(self, x):
                    x = self.conv(x).relu()
                    return self.fc(x.view(1, -1))  # NN507
            class FromZero(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
                    self.fc = nn.Linear(4 * 26 * 26, 10)
                def forward(self, x):
                    x = torch.flatten(self.net(x), 0)  # NN507
                    return self.fc(x)
            class Layer(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 4, 3)
                    self.flat = nn.Flatten(start_dim=0)  # NN507
                    self.fc = nn.Linear(4 * 26 * 26, 10)
                def forward(self, x):
                    return self.fc(self.flat(self.conv(x)))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(
                        nn.Conv2d(3, 8, 3),
                        nn.Flatten(0),  # NN507
                        nn.Linear(7200, 2),
                    )
                def forward(self, x):
                    return self.net(x)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Player(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 4, 3)
                    self.fc = nn.Linear(4 * 26 * 26, 10)
                def forward(self, screen):
                    return self.fc(self.conv(screen).view(1, -1))
            class Right(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(7200, 2))
                    self.whole = nn.Flatten(0)
                    self.fc = nn.Linear(4, 2)
                def forward(self, x, codes):
                    return self.net(x), self.fc(self.whole(codes)), self.fc(codes.view(1, -1)), torch.flatten(codes, 0)
            """
        ),
    ),
)
