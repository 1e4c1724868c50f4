"""
A softmax over dimension 0, where that is the batch.

## Why it hurts
The probabilities of one class over all samples add up to 1, instead of those of all classes for one sample. Each
prediction depends on the other samples of its batch; with a batch of one every class has probability 1. Shapes fit,
and nothing warns.

## What it takes to be reported
The softmax follows a linear layer that gives several scores and its result is what forward returns, or it is given the
scores of a batched matrix product. A softmax over dimension 0 that weighs nodes, instances or gates is silent, and so
are policies, which are run on a single state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.batch_softmaxes import softmaxes_over_batch
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.code_text import calls_text
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each softmax over the batch."""
    if not cls.is_module:
        return
    for call in softmaxes_over_batch(cls):
        yield Finding(
            cls.syntax.span(call),
            f"`{cls.syntax.text(call.func)}` over dimension 0 is a softmax over the batch: every sample depends on the "
            "others; the classes are in the last dimension, `dim=-1`",
        )


_SOFTMAX = re.compile(r"[sS]oftmax\s*\(")
_ZERO = re.compile(r"(?<![\w.])0(?![\w.])")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A softmax with a zero among its arguments."""
    return "oftmax" in source and any(map(_ZERO.search, calls_text(source, _SOFTMAX)))


RULE = Rule(
    code="NN502",
    name="softmax-batch-dim",
    doc=__doc__,
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
                    self.fc = nn.Linear(4, 3)
                def forward(self, x):
                    return torch.softmax(self.fc(x), dim=0)  # NN502
            class Classifier(nn.Module):
                def __init__(self, classes=3):
                    super().__init__()
                    self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, classes))
                def forward(self, x):
                    x = self.body(x)
                    x = F.log_softmax(x, 0)  # NN502
                    return x
            class Layered(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=0))  # NN502
                def forward(self, x):
                    return self.net(x)
            class Stored(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                    self.softmax = nn.Softmax(dim=0)  # NN502
                def forward(self, x):
                    return self.softmax(self.fc(x))
            class Attention(nn.Module):
                def forward(self, q, k, v):
                    scores = torch.bmm(q, k.transpose(1, 2))
                    weights = scores.softmax(dim=0)  # NN502
                    return torch.bmm(weights, v)
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                    self.softmax = nn.Softmax(dim=-1)
                def forward(self, x):
                    return self.softmax(self.fc(x)) + F.softmax(self.fc(x), dim=1)
            class Bag(nn.Module):
                def __init__(self, classes):
                    super().__init__()
                    self.attention = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
                    self.head = nn.Linear(4, classes)
                def forward(self, instances):
                    weights = F.softmax(self.attention(instances), dim=0)
                    return self.head((weights * instances).sum(0)), weights
            class Pool(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.score = nn.Linear(4, 1)
                    self.weights = nn.Parameter(torch.zeros(3))
                def forward(self, nodes):
                    return F.softmax(self.score(nodes), dim=0), F.softmax(self.weights, dim=0)
            class Policy(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                def forward(self, state):
                    return F.softmax(self.fc(state), dim=0)
            class Columns(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                def forward(self, x):
                    return F.softmax(self.fc(x).transpose(0, 1), dim=0)
            """
        ),
    ),
)
