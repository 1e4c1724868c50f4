"""
A block that adds its branch to itself: `x += x` after `x` was overwritten, `out = out + out`, or `torch.add(out, out)`.

## Why it hurts
The result is the branch times two. It trains, and no shape tells that the input is lost.

## What it takes to be reported
The two operands are the same value, it is no longer the block's input, nothing else brings the input in, and the
class, its docstring or a saved and unused input says that a residual block is meant.

## Fix safety
Verified: the block's input is saved (or the saved one taken) and added instead; kept only if a run in torch shows
that it reaches the output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.self_sum import mend_self_sum
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual import evidence
from nn_lint.model.residual.callers import caller_may_add
from nn_lint.model.residual.leftovers import saved_inputs
from nn_lint.model.residual.names import RESIDUAL_DOC, RESIDUAL_HINT
from nn_lint.model.residual.self_sums import self_sums
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each sum of a value with itself in a block that is meant to be residual."""
    if not cls.is_module or evidence.is_negated(cls):
        return
    for value in self_sums(cls):
        if value.node is None or not _is_meant(cls):
            continue
        edits = mend_self_sum(cls, value)
        message = f"`{cls.syntax.text(value.node)}` adds the branch to itself: the input of `{cls.name}` is lost"
        if isinstance(edits, str):
            yield Finding(cls.syntax.span(value.node), f"{message}; no fix: {edits}")
        else:
            yield Finding(cls.syntax.span(value.node), message, Repair("Add the block's input instead", edits))


def _is_meant(cls: ModuleClass) -> bool:
    if RESIDUAL_HINT.search(cls.name) or RESIDUAL_DOC.search(cls.docstring) or any(saved_inputs(cls)):
        return True
    sites = evidence.sites_of(cls)
    return evidence.stacked_by_resnet(cls, sites) is not None and not caller_may_add(cls, sites)


_SELF_SUM = re.compile(
    r"\b(\w+)\s*\+=?\s*\1\b|\b(\w+)\s*\.\s*add_?\(\s*\2\b|\b(?:add_?|sum)\(\s*[\[(]?\s*(\w+)\s*,\s*\3\b"
)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A forward in which a name is added to itself."""
    return _SELF_SUM.search(method_code(facts, source, "forward")) is not None


RULE = Rule(
    code="NN303",
    name="residual-self-add",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    x = F.relu(self.conv1(x))
                    x = self.conv2(x)
                    x += x  # NN303
                    return F.relu(x)
            class SkipBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = self.fc(x)
                    return out + out  # NN303
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    identity = x
                    x = F.relu(self.conv1(x))
                    x = self.conv2(x)
                    x += identity
                    return F.relu(x)
            class SkipBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = self.fc(x)
                    return out + identity
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class ResBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x).relu()
                    return torch.add(out, out)  # NN303
            class SkipBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    x = self.fc(x)
                    x.add_(x)  # NN303
                    return x
            class ResidualUnit(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    out = self.fc(x)
                    return sum([out, out])  # NN303
            """,
            fixed="""
            import torch
            from torch import nn
            class ResBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x).relu()
                    return torch.add(out, x)
            class SkipBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    x = self.fc(x)
                    x.add_(residual)
                    return x
            class ResidualUnit(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    out = self.fc(x)
                    return sum([out, residual])
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Double(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    x = self.fc(x)
                    return x + x
            class ResidualBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    y = self.fc(x)
                    y = y + y
                    return x + y
            class SkipLayer(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    y = self.fc(x)
                    z = torch.add(y, y, alpha=0.5)
                    return torch.add(x, torch.maximum(y, z))
            """
        ),
    ),
)
