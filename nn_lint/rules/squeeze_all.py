"""
A `squeeze()` without a dimension that drops the batch as well when it holds one sample.

## Why it hurts
`squeeze()` drops every dimension of size 1. After a pooling to 1 x 1 or a head of width 1 it is meant for those, but a
batch of one sample (the last of an epoch, or inference) loses its batch dimension too: the result has the shape
`(features,)` in place of `(1, features)`, and what follows raises an error, or broadcasts and computes something else.

## What is not reported
`squeeze` with a dimension; a result that is given its dimensions back (`view`, `reshape`, `unsqueeze`, `expand`) or
that is looked at (`dim()`, `shape`, `len`); a loss whose target is squeezed as well; values that are not seen to come
out of a global pooling or a head of width 1; a forward that takes one sample, as the class says, or that asks for the
size of the batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.squeezes import squeezes_of_batch
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each squeeze that may take the batch."""
    if not cls.is_module:
        return
    for found in squeezes_of_batch(cls):
        yield Finding(
            cls.syntax.span(found.call),
            "`squeeze()` drops the batch dimension as well when the batch holds one sample: the result then has the "
            f"shape {found.shape}; write {found.remedy}",
        )


_SQUEEZE = re.compile(r"\bsqueeze\s*\((?:\s*\)|[^()]*(?:\([^()]*\)[^()]*)*\))")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A squeeze."""
    return "squeeze" in source and _SQUEEZE.search(source) is not None


RULE = Rule(
    code="NN506",
    name="squeeze-all",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Pooled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = nn.AdaptiveAvgPool2d(1)
                def forward(self, x):
                    return self.pool(x).squeeze()  # NN506
            class Classifier(nn.Module):
                def __init__(self, classes=5):
                    super().__init__()
                    self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveMaxPool2d((1, 1)))
                    self.fc = nn.Linear(8, classes)
                def forward(self, x):
                    x = self.features(x)
                    x = torch.squeeze(x)  # NN506
                    return F.softmax(self.fc(x), dim=1)
            class Regressor(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.body = nn.Linear(4, 4)
                    self.head = nn.Linear(4, 1)
                def forward(self, x):
                    out = torch.sigmoid(self.head(F.relu(self.body(x))))
                    return out.squeeze()  # NN506
            class Functional(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 8, 3)
                def forward(self, x):
                    x = F.adaptive_avg_pool2d(self.conv(x), 1)
                    return x.squeeze()  # NN506
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = nn.AdaptiveAvgPool2d(1)
                    self.fc = nn.Linear(3, 1)
                    self.wide = nn.AdaptiveAvgPool2d((7, 7))
                def forward(self, x, mask):
                    a = self.fc(self.pool(x).flatten(1)).squeeze(-1)
                    b = self.pool(x).squeeze(-1).squeeze(-1) + torch.squeeze(self.pool(x), 3)
                    c = self.pool(x).squeeze().view(x.size(0), -1)
                    d = self.wide(x).squeeze()
                    return a, b, c, d, mask.squeeze()
            class Restored(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = nn.AdaptiveAvgPool2d(1)
                def forward(self, x):
                    out = self.pool(x).squeeze()
                    if out.dim() == 1:
                        out = out.unsqueeze(0)
                    return out
            class Joined(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 1)
                def forward(self, x, y):
                    rows = self.fc(torch.cat([x, y], dim=0)).squeeze()
                    first, second = self.fc(x).squeeze().chunk(2, dim=0)
                    return rows, first, second
            class Total(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 1)
                def forward(self, x, y):
                    return (self.fc(x).squeeze() - y.squeeze()).pow(2).mean()
            """
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Value(nn.Module):
                '''The value of one state, a number.'''
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 1)
                def forward(self, state):
                    return self.fc(state).squeeze()
            class Asking(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 1)
                def forward(self, x):
                    if x.size(0) == 1:
                        return self.fc(x).view(1)
                    return self.fc(x).squeeze()
            class Loss(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 1)
                    self.loss = nn.BCEWithLogitsLoss()
                def forward(self, x, y):
                    rows, logits = self.fc(x).squeeze(), self.fc(x).squeeze()
                    return F.mse_loss(rows, y.squeeze()), self.loss(logits, y.squeeze().float())
            class Rows(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = nn.AdaptiveAvgPool2d(1)
                    self.fc = nn.Linear(4, 1)
                def forward(self, images, x):
                    rows = torch.stack([self.pool(image).squeeze() for image in images])
                    gates = torch.sigmoid(self.fc(x)).squeeze()[..., None]
                    return rows, torch.atleast_1d(self.fc(x).squeeze()), gates
            """
        ),
    ),
)
