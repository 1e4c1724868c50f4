"""
A softmax whose output goes through a softmax once more: in `CrossEntropyLoss`, or by a second call.

## Why it hurts
`CrossEntropyLoss` and `F.cross_entropy` apply `log_softmax` themselves. Given probabilities they see logits between 0
and 1: for ten classes a perfect prediction still costs 1.46, and the gradients fade. It trains, slowly, and nothing
warns. A second softmax, or `log_softmax` of a softmax, flattens a distribution in the same way.

## What is not reported
`log_softmax` before the loss, which changes nothing; a softmax on another path than the loss, for a prediction that is
returned; two softmaxes over different dimensions, or with a view or transposing between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.squashings import flows, keeps_dimensions, losses, squashed, squashes_again
from nn_lint.model.torch_calls import given
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule

_FIRST = frozenset({"softmax", "softmax2d", "gumbel_softmax"})
_SECOND = frozenset({"softmax", "softmax2d", "log_softmax", "logsoftmax"})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each loss or softmax that is given what a softmax made."""
    if not cls.is_module:
        return
    for flow in flows(cls, "CrossEntropyLoss", ("oftmax", "cross_entropy", "CrossEntropy")):
        for call, prediction in losses(cls, flow, "cross_entropy", "CrossEntropyLoss"):
            if squashed(cls, prediction, _FIRST) is not None and cls.syntax.holds(call):
                yield Finding(
                    cls.syntax.span(call),
                    "the loss applies `log_softmax` itself, and what it is given here has been through a softmax: "
                    "it can never come near zero. Hand it the logits, or take `NLLLoss` of `log_softmax`",
                )
        for value in flow.values:
            node = value.node
            if not isinstance(node, cst.Call) or not value.operands or not squashes_again(cls, value, _SECOND):
                continue
            before = squashed(cls, value.operands[0], _FIRST)
            made_by = value.layer.call if value.layer is not None else node
            if not isinstance(before, cst.Call) or not keeps_dimensions(value.operands[0], before):
                continue
            if cls.syntax.holds(node) and _dim(cls, before) == _dim(cls, made_by):
                message = "a softmax of what has been through a softmax: the distribution is flattened twice"
                yield Finding(cls.syntax.span(node), message)


def _dim(cls: ModuleClass, call: cst.Call) -> str:
    """The dimension of a softmax as it is written; two that are not written are one."""
    numbers = [item.value for item in call.args if item.keyword is None and isinstance(item.value, _NUMBERS)]
    named = given(call, "dim", len(call.args))
    node = named.value if named is not None else numbers[0] if numbers else None
    return "" if node is None else cls.syntax.text(node)


_NUMBERS = (cst.Integer, cst.UnaryOperation)
_SOFTMAXES = re.compile(r"[sS]oftmax")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A softmax, and another or a cross entropy."""
    found = len(_SOFTMAXES.findall(source))
    return found > 1 or (found == 1 and ("CrossEntropy" in source or "cross_entropy" in source))


RULE = Rule(
    code="NN503",
    name="double-softmax",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Classifier(nn.Module):
                def __init__(self, dim=4, classes=10):
                    super().__init__()
                    self.head = nn.Sequential(nn.Linear(dim, classes), nn.Softmax(dim=1))
                    self.loss = nn.CrossEntropyLoss()
                def forward(self, x, y):
                    return self.loss(self.head(x), y)  # NN503
            class Functional(nn.Module):
                def __init__(self, dim=4, classes=10):
                    super().__init__()
                    self.fc = nn.Linear(dim, classes)
                def forward(self, x, y):
                    out = F.softmax(self.fc(x), dim=-1)
                    loss = F.cross_entropy(out, y)  # NN503
                    return out, loss
            class Stepped(nn.Module):
                def __init__(self, dim=4, classes=10):
                    super().__init__()
                    self.fc = nn.Linear(dim, classes)
                def forward(self, x):
                    return self.fc(x).softmax(-1)
                def training_step(self, batch, index):
                    x, y = batch
                    return nn.CrossEntropyLoss()(self.forward(x), y)  # NN503
            class Twice(nn.Module):
                def __init__(self, dim=4, classes=10):
                    super().__init__()
                    self.fc = nn.Linear(dim, classes)
                    self.softmax = nn.Softmax(dim=1)
                def forward(self, x):
                    x = self.softmax(self.fc(x))
                    return F.log_softmax(x, dim=1)  # NN503
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                    self.loss = nn.CrossEntropyLoss()
                def forward(self, x, y=None):
                    logits = self.fc(x)
                    if y is not None:
                        return self.loss(logits, y), logits.softmax(dim=-1)
                    return logits.softmax(dim=-1)
            class Logs(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                    self.loss = nn.CrossEntropyLoss()
                def forward(self, x, y):
                    return self.loss(F.log_softmax(self.fc(x), dim=-1), y)
            class Distilled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                def forward(self, x, teacher):
                    return F.cross_entropy(self.fc(x), teacher.softmax(dim=-1))
            class Matched(nn.Module):
                def forward(self, scores):
                    rows = scores.softmax(dim=1)
                    return rows.softmax(dim=2), scores.softmax(dim=1) * scores.softmax(dim=2)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Both(nn.Module):
                def forward(self, scores):
                    rows = F.softmax(scores, dim=-1)
                    columns = F.softmax(rows.t(), dim=-1)
                    return columns
            class Groups(nn.Module):
                def forward(self, scores):
                    weights = F.softmax(scores, dim=1)
                    return F.softmax(weights.flatten(1), dim=1) + F.softmax(weights.view(2, 2, -1).flatten(1), dim=1)
            """
        ),
    ),
)
