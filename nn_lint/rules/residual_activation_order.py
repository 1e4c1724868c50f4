"""
A post-activation block that puts a ReLU on its branch, right before the shortcut is added.

## Why it hurts
Such a branch can only add: its result is never negative, so the stream grows from block to block and a block cannot
take back what an earlier one did. The block of the ResNet paper activates the sum, not the branch:
`relu(x + bn2(conv2(...)))`.

## What it takes to be reported
`forward` adds `relu(norm(conv(...)))`, made by two convolutions or more, as it is to the block's input or to its
projection, and nothing else uses the activated value.

The rule is off by default, since published blocks are built so on purpose (temporal convolutional networks, several
autoencoders, the residual blocks of YOLO), and nothing in the code tells them from a slip.

## Fix safety
Unsafe: the activation moves behind the sum, or goes where one stands there already. A trained model computes
something else afterwards. Not offered for an activation at the end of a `Sequential`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Severity
from nn_lint.fixing.activation_order import move_activation
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.activation_order import early_activations
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each activation between the branch and its sum."""
    if not cls.is_module:
        return
    for early in early_activations(cls):
        edits = move_activation(cls, early)
        repair = Repair("Activate the sum instead of the branch", edits) if edits else None
        text, total = cls.syntax.text(early.node), cls.syntax.text(early.total)
        message = f"`{text}` activates the branch before `{total}`: a block like this can only add to its input"
        yield Finding(cls.syntax.span(early.node), message, repair, Severity.WARNING)


_ADDITION = re.compile(r"\+|\badd_?\b")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A forward in which something is added, in a class that has convolutions and norms."""
    return "elu" in source.lower() and _ADDITION.search(method_code(facts, source, "forward")) is not None


RULE = Rule(
    code="NN308",
    name="residual-activation-order",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    default=False,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class BasicBlock(nn.Module):
                def __init__(self, channels):
                    super().__init__()
                    self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.bn1 = nn.BatchNorm2d(channels)
                    self.relu = nn.ReLU(inplace=True)
                    self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.bn2 = nn.BatchNorm2d(channels)
                def forward(self, x):
                    identity = x
                    out = self.relu(self.bn1(self.conv1(x)))
                    out = self.bn2(self.conv2(out))
                    out = self.relu(out)  # NN308
                    out += identity
                    return out
            class Twice(BasicBlock):
                def forward(self, x):
                    out = F.relu(self.bn1(self.conv1(x)))
                    out = F.relu(self.bn2(self.conv2(out)), inplace=True)  # NN308
                    return F.relu(x + out)
            class Short(BasicBlock):
                def forward(self, x):
                    out = self.relu(self.bn1(self.conv1(x)))
                    return x + self.relu(self.bn2(self.conv2(out)))  # NN308
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class BasicBlock(nn.Module):
                def __init__(self, channels):
                    super().__init__()
                    self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.bn1 = nn.BatchNorm2d(channels)
                    self.relu = nn.ReLU(inplace=True)
                    self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.bn2 = nn.BatchNorm2d(channels)
                def forward(self, x):
                    identity = x
                    out = self.relu(self.bn1(self.conv1(x)))
                    out = self.bn2(self.conv2(out))
                    out += identity
                    out = self.relu(out)
                    return out
            class Twice(BasicBlock):
                def forward(self, x):
                    out = F.relu(self.bn1(self.conv1(x)))
                    out = self.bn2(self.conv2(out))
                    return F.relu(x + out)
            class Short(BasicBlock):
                def forward(self, x):
                    out = self.relu(self.bn1(self.conv1(x)))
                    return self.relu(x + self.bn2(self.conv2(out)))
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class BasicBlock(nn.Module):
                def __init__(self, channels):
                    super().__init__()
                    self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.bn1 = nn.BatchNorm2d(channels)
                    self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.bn2 = nn.BatchNorm2d(channels)
                def forward(self, x):
                    out = F.relu(self.bn1(self.conv1(x)))
                    return F.relu(x + self.bn2(self.conv2(out)))
            class PreActBlock(BasicBlock):
                def forward(self, x):
                    out = self.conv1(F.relu(self.bn1(x)))
                    return x + self.conv2(F.relu(self.bn2(out)))
            class Merge(BasicBlock):
                def forward(self, x):
                    skip = F.relu(self.bn1(self.conv1(x)))
                    out = F.relu(self.bn2(self.conv2(skip)))
                    return out + skip
            class Used(BasicBlock):
                def forward(self, x):
                    out = F.relu(self.bn2(self.conv2(self.conv1(x))))
                    return x + out, out
            class OneConvolution(BasicBlock):
                def forward(self, x):
                    return x + F.relu(self.bn1(self.conv1(x)))
            class OtherActivation(BasicBlock):
                def forward(self, x):
                    return x + F.gelu(self.bn2(self.conv2(F.gelu(self.conv1(x)))))
            """
        ),
    ),
)
