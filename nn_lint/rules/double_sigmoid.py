"""
A sigmoid whose output goes through a sigmoid once more: in `BCEWithLogitsLoss`, or by a second call.

The loss may stand in the class, or elsewhere in its file, where it is given what an instance of the class returns.

## Why it hurts
`BCEWithLogitsLoss` and `F.binary_cross_entropy_with_logits` apply the sigmoid themselves. Given probabilities they see
logits between 0 and 1, so the model can only predict between 0.5 and 0.73: the loss never falls below 0.31 for a
positive and 0.69 for a negative sample. It trains, slowly, and nothing warns.

## What is not reported
A sigmoid on another path than the loss, for a prediction that is returned; a loss whose input is not seen to come out
of a sigmoid in this class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.squashings import flows, losses, outer_losses, squashed, squashes_again
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule

_SIGMOID = frozenset({"sigmoid"})


_FED = (
    "the loss applies a sigmoid itself, and what it is given here has been through one: predictions stay between 0.5 "
    "and 0.73. Drop the sigmoid, or take `BCELoss`"
)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each loss or sigmoid that is given what a sigmoid made."""
    if not cls.is_module:
        return
    for flow in flows(cls, "BCEWithLogitsLoss", ("igmoid", "with_logits")):
        for call, prediction in losses(cls, flow, "binary_cross_entropy_with_logits", "BCEWithLogitsLoss"):
            if squashed(cls, prediction, _SIGMOID) is not None and cls.syntax.holds(call):
                yield Finding(cls.syntax.span(call), _FED)
        for value in flow.values:
            node = value.node
            if node is None or not value.operands or not squashes_again(cls, value, _SIGMOID):
                continue
            if squashed(cls, value.operands[0], _SIGMOID) is not None and cls.syntax.holds(node):
                message = "a sigmoid of what has been through a sigmoid: the result stays between 0.5 and 0.73"
                yield Finding(cls.syntax.span(node), message)
    for span in outer_losses(cls, _SIGMOID, "binary_cross_entropy_with_logits", "BCEWithLogitsLoss"):
        yield Finding(span, _FED)


_SIGMOIDS = re.compile(r"[sS]igmoid")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A sigmoid."""
    return "igmoid" in source


def premise(cls: ModuleClass) -> bool:
    """A second sigmoid in the class, or a loss on logits in its file."""
    return len(_SIGMOIDS.findall(cls.text)) > 1 or cls.definition.file.matches("BCEWithLogits|with_logits")


RULE = Rule(
    code="NN504",
    name="double-sigmoid",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Detector(nn.Module):
                def __init__(self, dim=4):
                    super().__init__()
                    self.head = nn.Sequential(nn.Linear(dim, 1), nn.Sigmoid())
                    self.loss = nn.BCEWithLogitsLoss()
                def forward(self, x, y):
                    return self.loss(self.head(x), y)  # NN504
            class Functional(nn.Module):
                def __init__(self, dim=4):
                    super().__init__()
                    self.fc = nn.Linear(dim, 1)
                def forward(self, x, y):
                    p = torch.sigmoid(self.fc(x)).squeeze(-1)
                    return F.binary_cross_entropy_with_logits(p, y)  # NN504
            class Stepped(nn.Module):
                def __init__(self, dim=4):
                    super().__init__()
                    self.fc = nn.Linear(dim, 1)
                    self.act = nn.Sigmoid()
                    self.criterion = nn.BCEWithLogitsLoss()
                def forward(self, x):
                    return self.act(self.fc(x))
                def training_step(self, batch, index):
                    x, y = batch
                    prediction = self(x)
                    return self.criterion(prediction, y)  # NN504
            class Twice(nn.Module):
                def __init__(self, dim=4):
                    super().__init__()
                    self.head = nn.Sequential(nn.Linear(dim, 1), nn.Sigmoid())
                def forward(self, x):
                    return torch.sigmoid(self.head(x))  # NN504
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Probabilities(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.head = nn.Sequential(nn.Linear(dim, 1), nn.Sigmoid())
                    self.loss = nn.BCELoss()
                def forward(self, x, y):
                    return self.loss(self.head(x), y)
            class Logits(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.head = nn.Linear(dim, 1)
                    self.gate = nn.Sequential(nn.Linear(dim, dim), nn.Sigmoid())
                    self.loss = nn.BCEWithLogitsLoss()
                def forward(self, x, y=None):
                    x = x * self.gate(x)
                    logits = self.head(x)
                    if y is None:
                        return logits.sigmoid()
                    return self.loss(logits, y), torch.sigmoid(logits)
            class Switched(nn.Module):
                def __init__(self, dim, activate):
                    super().__init__()
                    self.head = nn.Linear(dim, 1)
                    self.activate = activate
                def forward(self, x, y):
                    out = self.head(x)
                    if self.activate:
                        out = torch.sigmoid(out)
                    return F.binary_cross_entropy_with_logits(out, y)
            class Layered(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = nn.Sequential(nn.Linear(dim, dim), nn.Sigmoid(), nn.Linear(dim, 1), nn.Sigmoid())
                def forward(self, x):
                    return self.layers(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, 1)
                    self.act = nn.Sigmoid()
                def forward(self, x):
                    return self.act(self.fc(x))
            model = Net(4)
            loss_fn = nn.BCEWithLogitsLoss()
            right = nn.BCELoss()
            x, y = torch.randn(2, 4), torch.ones(2, 1)
            loss = loss_fn(model(x), y) + right(model(x), y)  # NN504
            """
        ),
    ),
)
