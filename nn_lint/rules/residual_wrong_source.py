"""
A residual addition whose shortcut is taken of the branch: `self.shortcut(x)` or `identity = x` after `x` was
overwritten.

## Why it hurts
`x = self.conv(x)` throws the block's input away. A shortcut that is applied afterwards projects the result of the
branch, so that nothing passes the branch by: the block trains like a plain one, only deeper. Where the shortcut has a
stride or changes the width the block fails, often only in the one stage that needs it.

## What it takes to be reported
A submodule named like a shortcut gets a value that weights have been applied to, the branch goes on from that same
value, and one of these holds:

- on the other side of a condition the block adds its input itself;
- the shortcut has the width or the stride of the block's input, which the branch has changed by then;
- nothing but norms and activations comes after, and the submodule is a projection by its name or its layers.

An `identity` that is saved late must be the very value that it is added to.

## What is not reported
Shortcuts of pre-activated inputs (`x = relu(bn(x))`), residual units behind a stem or one after the other, dense and
iterated blocks, and shortcuts that are built for the branch's result. A transformer block whose second sum adds the
block's input once more (`y = x + attn(x)`, `return x + mlp(y)`) drops its first sum; released models do so on purpose,
so this rule says nothing about them.

## Fix safety
Verified: the shortcut gets the block's input, saved first where no name holds it any more; kept only if a run in torch
shows that the input now reaches the output. Where the block adds its input itself on the other side of a condition, the
input arrives before as well, a run would not tell, and the fix is unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.sources import mend_wrong_source, save_early
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.evidence import is_negated
from nn_lint.model.residual.names import SAVED_INPUT, SHORTCUT_ATTRIBUTE
from nn_lint.model.residual.sources import saved_late, wrong_sources
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each short side of a sum that is taken of the wrong value."""
    if not cls.is_module or is_negated(cls):
        return
    for wrong in wrong_sources(cls):
        given = cls.syntax.text(wrong.node)
        message = (
            f"`self.{wrong.attribute}` gets `{given}` after the branch has overwritten it: the block's input is lost"
        )
        safety = Applicability.UNSAFE if wrong.has_raw else Applicability.VERIFIED
        yield _finding(cls, wrong.node, message, mend_wrong_source(cls, wrong), safety)
    for late in saved_late(cls):
        message = f"`{late.name}` is saved behind the branch: the branch is added to itself, the block's input is lost"
        yield _finding(cls, late.node, message, save_early(cls, late), Applicability.VERIFIED)


def _finding(
    cls: ModuleClass, node: cst.CSTNode, message: str, edits: tuple[Edit, ...] | str, safety: Applicability
) -> Finding:
    if isinstance(edits, str):
        return Finding(cls.syntax.span(node), f"{message}; no fix: {edits}")
    return Finding(cls.syntax.span(node), message, Repair("Add what was meant", edits, safety))


_JOINS = re.compile(r"\+|add|sum|lerp")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A forward that adds, and names a shortcut or a saved input."""
    forward = method_code(facts, source, "forward")
    if _JOINS.search(forward) is None:
        return False
    words = set(re.findall(r"\w+", forward))
    return any(SHORTCUT_ATTRIBUTE.fullmatch(word) or SAVED_INPUT.fullmatch(word) for word in words)


RULE = Rule(
    code="NN304",
    name="residual-wrong-source",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Projected(nn.Module):
                def __init__(self, cin, cout, stride=1):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1)
                    self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1)
                    self.shortcut = nn.Conv2d(cin, cout, 1, stride)
                def forward(self, x):
                    x = F.relu(self.conv1(x))
                    x = self.conv2(x)
                    x += self.shortcut(x)  # NN304
                    return F.relu(x)
            class Late(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    x = self.fc(x)
                    identity = x
                    return F.relu(x + identity)  # NN304
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Projected(nn.Module):
                def __init__(self, cin, cout, stride=1):
                    super().__init__()
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1)
                    self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1)
                    self.shortcut = nn.Conv2d(cin, cout, 1, stride)
                def forward(self, x):
                    identity = x
                    x = F.relu(self.conv1(x))
                    x = self.conv2(x)
                    x += self.shortcut(identity)
                    return F.relu(x)
            class Late(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    x = self.fc(x)
                    return F.relu(x + identity)
            """,
        ),
        Example(
            """
            from torch import nn
            class BasicBlock(nn.Module):
                def __init__(self, conv3x3, cin, cout, downsample=None):
                    super().__init__()
                    self.conv1 = conv3x3(cin, cout)
                    self.bn1 = nn.BatchNorm2d(cout)
                    self.conv2 = conv3x3(cout, cout)
                    self.bn2 = nn.BatchNorm2d(cout)
                    self.relu = nn.ReLU()
                    self.downsample = downsample
                def forward(self, x):
                    identity = x
                    x = self.relu(self.bn1(self.conv1(x)))
                    x = self.bn2(self.conv2(x))
                    if self.downsample is not None:
                        identity = self.downsample(x)  # NN304
                    return self.relu(x + identity)
            class SavedLate(nn.Module):
                def __init__(self, ch, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    out = self.conv(x)
                    identity = out
                    if self.downsample is not None:
                        identity = self.downsample(out)  # NN304
                    out += identity
                    return out.relu()
            """,
            fixed="""
            from torch import nn
            class BasicBlock(nn.Module):
                def __init__(self, conv3x3, cin, cout, downsample=None):
                    super().__init__()
                    self.conv1 = conv3x3(cin, cout)
                    self.bn1 = nn.BatchNorm2d(cout)
                    self.conv2 = conv3x3(cout, cout)
                    self.bn2 = nn.BatchNorm2d(cout)
                    self.relu = nn.ReLU()
                    self.downsample = downsample
                def forward(self, x):
                    identity = x
                    x = self.relu(self.bn1(self.conv1(x)))
                    x = self.bn2(self.conv2(x))
                    if self.downsample is not None:
                        identity = self.downsample(identity)
                    return self.relu(x + identity)
            class SavedLate(nn.Module):
                def __init__(self, ch, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    identity = x
                    out = self.conv(x)
                    if self.downsample is not None:
                        identity = self.downsample(identity)
                    out += identity
                    return out.relu()
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class PreActivation(nn.Module):
                def __init__(self, cin, cout, stride=1):
                    super().__init__()
                    self.bn1 = nn.BatchNorm2d(cin)
                    self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1)
                    self.bn2 = nn.BatchNorm2d(cout)
                    self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1)
                    self.shortcut = nn.Conv2d(cin, cout, 1, stride)
                def forward(self, x):
                    x = F.relu(self.bn1(x))
                    shortcut = self.shortcut(x)
                    x = self.conv1(x)
                    x = self.conv2(F.relu(self.bn2(x)))
                    return x + shortcut
            class Optional(PreActivation):
                def forward(self, x):
                    out = F.relu(self.bn1(x))
                    shortcut = self.shortcut(out) if hasattr(self, "shortcut") else x
                    out = self.conv1(out)
                    return self.conv2(F.relu(self.bn2(out))) + shortcut
            class Stem(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.stem = nn.Conv2d(cin, cout, 7, padding=3)
                    self.conv = nn.Conv2d(cout, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cout, cout, 1)
                    self.residual = nn.Sequential(nn.Conv2d(cout, cout, 3, padding=1), nn.ReLU())
                def forward(self, x):
                    x = self.stem(x)
                    identity = x
                    x = self.conv(x) + self.shortcut(identity)
                    return x + self.residual(x)
            class Units(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.first = nn.Linear(dim, dim)
                    self.second = nn.Linear(dim, dim)
                    self.downsample = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = self.downsample(x)
                    x = self.first(x) + identity
                    identity = x
                    x = self.second(x)
                    x += identity
                    return x
            class Narrow(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cout, cout, 1)
                def forward(self, x):
                    x = self.conv(x)
                    return x + self.shortcut(x)
            class Unread(nn.Module):
                def __init__(self, conv3x3, cin, cout):
                    super().__init__()
                    self.conv = conv3x3(cin, cout)
                    self.shortcut = nn.Conv2d(cout, cout, 1)
                def forward(self, x):
                    x = self.conv(x)
                    return x + self.shortcut(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Tokens(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.norm2 = nn.LayerNorm(dim)
                    self.attn = nn.Linear(dim, dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    y = x + self.attn(self.norm1(x))
                    return y + self.mlp(self.norm2(y))
            class Parallel(Tokens):
                def forward(self, x):
                    h = self.norm1(x)
                    return x + self.attn(h) + self.mlp(h)
            class Outer(Tokens):
                def forward(self, x):
                    y = x + self.attn(self.norm1(x))
                    y = y + self.mlp(self.norm2(y))
                    return x + y
            class Again(Tokens):
                def forward(self, x):
                    y = x + self.attn(self.norm1(x))
                    return x + self.mlp(self.norm2(y))
            class Dense(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.convs = nn.ModuleList([nn.Conv2d(ch, ch, 3, padding=1) for _ in range(3)])
                    self.skips = nn.ModuleList([nn.Conv2d(ch, ch, 1) for _ in range(3)])
                def forward(self, x):
                    for conv, skip in zip(self.convs, self.skips):
                        x = conv(x)
                        x = x + skip(x)
                    return x
            """
        ),
    ),
)
