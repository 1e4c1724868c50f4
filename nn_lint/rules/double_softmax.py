"""
A softmax whose output goes through a softmax once more: in `CrossEntropyLoss`, or by a second call.

The loss may stand in the class, or elsewhere in its file, where it is given what an instance of the class returns.

## Why it hurts
`CrossEntropyLoss` and `F.cross_entropy` apply `log_softmax` themselves. Given probabilities they see logits between 0
and 1: for ten classes a perfect prediction still costs 1.46, and the gradients fade. It trains, slowly, and nothing
warns. A second softmax, or `log_softmax` of a softmax, flattens a distribution in the same way. `NLLLoss` takes
log-probabilities: given probabilities it pays out `-p`, whose gradients are just as faint.

## What is not reported
`log_softmax` before the loss, which changes nothing; a softmax on another path than the loss, for a prediction that is
returned; two softmaxes over different dimensions, or with a view or transposing between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.squashings import flows, keeps_dimensions, losses, outer_losses, squashed, squashes_again
from nn_lint.model.torch_calls import given
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule

_FIRST = frozenset({"softmax", "softmax2d", "gumbel_softmax"})
_SECOND = frozenset({"softmax", "softmax2d", "log_softmax", "logsoftmax"})


_LOSSES = (
    (
        "cross_entropy",
        "CrossEntropyLoss",
        "the loss applies `log_softmax` itself, and what it is given here has been through a softmax: "
        "it can never come near zero. Hand it the logits, or take `NLLLoss` of `log_softmax`",
    ),
    (
        "nll_loss",
        "NLLLoss",
        "the loss takes log-probabilities, and what it is given here are probabilities, out of a softmax: take "
        "`log_softmax`, or `CrossEntropyLoss` of the logits",
    ),
)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each loss or softmax that is given what a softmax made."""
    if not cls.is_module:
        return
    for function, layer, message in _LOSSES:
        for flow in flows(cls, layer, ("oftmax", function, layer)):
            for call, prediction in losses(cls, flow, function, layer):
                if squashed(cls, prediction, _FIRST) is not None and cls.syntax.holds(call):
                    yield Finding(cls.syntax.span(call), message)
        for span in outer_losses(cls, _FIRST, function, layer):
            yield Finding(span, message)
    for flow in flows(cls, "CrossEntropyLoss", ("oftmax",)):
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
_LOSS = r"[cC]ross_?[eE]ntropy|NLLLoss|nll_loss"
_SOFTMAXES = re.compile(r"[sS]oftmax")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A softmax."""
    return "oftmax" in source


def premise(cls: ModuleClass) -> bool:
    """A second softmax in the class, or such a loss in its file."""
    return len(_SOFTMAXES.findall(cls.text)) > 1 or cls.definition.file.matches(_LOSS)


RULE = Rule(
    code="NN503",
    name="double-softmax",
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
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn, optim
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                    self.softmax = nn.Softmax(dim=-1)
                def forward(self, x):
                    return self.softmax(self.fc(x))
            class Picking(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                    self.loss = nn.NLLLoss()
                def forward(self, x, y):
                    return self.loss(F.softmax(self.fc(x), dim=1), y)  # NN503
            def train(loader, device):
                net = Net()
                net = net.to(device)
                criterion = nn.CrossEntropyLoss()
                for x, y in loader:
                    out = net(x)
                    loss = criterion(out, y)  # NN503
                    loss.backward()
            def step(model, x, y):
                return F.cross_entropy(model(x).squeeze(1), y)  # NN503
            def main(x, y):
                model = Net().to("cpu")
                return step(model, x, y)
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
                def forward(self, x):
                    return F.softmax(self.fc(x), dim=-1)
            class Logits(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                def forward(self, x):
                    out = self.fc(x)
                    return out if self.training else F.softmax(out, dim=-1)
            class Logs(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 3)
                    self.loss = nn.NLLLoss()
                def forward(self, x, y):
                    return self.loss(torch.log(F.softmax(self.fc(x), dim=1)), y)
            criterion = nn.CrossEntropyLoss()
            def one(x, y, is_new):
                model = Net() if is_new else Logits()
                other = Logits()
                log = nn.NLLLoss()
                return criterion(model(x), y) + criterion(other(x), y) + log(torch.log(Net()(x)), y)
            def two(x, y):
                model = Net()
                model = Logits()
                return criterion(model(x), y), F.mse_loss(Net()(x), y)
            def step(model, x, y):
                return criterion(model(x), y)
            def three(x, y):
                return step(Net(), x, y), step(Logits(), x, y)
            def four(model, x, y):
                out = model(x)
                out = Net()(x) + out
                return F.cross_entropy(out, y)
            def five(x, y):
                model = Net()
                features = [model.fc(x) for model in (Net(), Logits())]
                return criterion(model.fc(x), y), criterion(model(x), y), features
            """
        ),
    ),
)
