"""
A softmax without `dim`.

## Why it hurts
torch guesses: dimension 0 for 1 and 3 dimensions, dimension 1 for all others, with a `UserWarning` that scrolls by.
For a sequence of shape (batch, length, features) that is a softmax over the batch: every sample then depends on the
others.

## What is not reported
`torch.softmax` and `Tensor.softmax`, which refuse to run without a dimension, calls with `*args`, and layers whose
`dim` is set afterwards.

## Fix safety
Safe: where the number of dimensions is certain, the dimension that torch takes today is written down. Where it is
not, or where torch's guess would be the batch, the finding stands without a fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.build import insert, replace
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.softmaxes import Softmax, softmaxes_without_dim
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each softmax whose dimension is left to torch."""
    for found in softmaxes_without_dim(cls):
        dimension = None if found.rank in (None, 0, 1, 3) else 1
        repair = None
        message = f"`{found.callee}` without `dim`: torch guesses it from the number of dimensions"
        if found.rank is not None:
            guess = 0 if found.rank in (0, 1, 3) else 1
            message = (
                f"`{found.callee}` without `dim`: torch takes dimension {guess} of {found.rank} here, with a warning"
            )
        if dimension is not None:
            repair = Repair(f"Write `dim={dimension}`, which torch takes today", (_edit(cls, found, dimension),))
        yield Finding(cls.syntax.span(found.call), message, repair)


def _edit(cls: ModuleClass, found: Softmax, dimension: int) -> Edit:
    arguments = found.call.args
    none = next((item for item in arguments if isinstance(item.value, cst.Name) and item.value.value == "None"), None)
    if none is not None:
        is_last = none is arguments[-1] or none.keyword is not None
        return replace(cls.syntax.span(none), f"dim={dimension}" if is_last else str(dimension))
    if not arguments:
        end = cls.syntax.span(found.call).end
        return insert(type(end)(end.row, end.column - 1), f"dim={dimension}")
    return insert(cls.syntax.span(arguments[-1]).end, f", dim={dimension}")


_SOFTMAX = re.compile(r"[Ss]oftm(?:ax|in)\s*\(")
_WITH_DIM = re.compile(
    r"[Ss]oftm(?:ax|in)\s*\((?:(?:[^()]|\((?:[^()]|\([^()]*\))*\))*[,\s])?(?:dim\s*=\s*-?\w*\d|-?\d+)\s*[,)]"
)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A call of such a name that does not plainly give a number for its dimension."""
    return "oftm" in source and len(_SOFTMAX.findall(source)) > len(_WITH_DIM.findall(source))


RULE = Rule(
    code="NN501",
    name="softmax-no-dim",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Head(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(8, 2)
                    self.softmax = nn.Softmax()  # NN501
                def forward(self, x):
                    x = x.view(x.size(0), -1)
                    x = self.fc(x)
                    a = F.softmax(x)  # NN501
                    b = F.log_softmax(x, None)  # NN501
                    c = F.softmax(torch.flatten(x, 1), dim=None)  # NN501
                    return a + b + c, self.softmax(x)
            class Pooled(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.conv = nn.Sequential(nn.Conv2d(3, dim, 3), nn.ReLU())
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x, y):
                    b, c, h, w = x.shape
                    x = self.conv(x)
                    z = F.softmax(x / 2.0)  # NN501
                    x = self.fc(x.mean([2, 3]))
                    x = F.log_softmax(x)  # NN501
                    n, t, d = y.size()
                    w = F.softmax(y[:, 0])  # NN501
                    v = F.softmax(torch.einsum("bhid,bhjd->bhij", z, z))  # NN501
                    return x, w, v, F.softmax(y.sum(dim=1, keepdim=True))  # NN501
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Head(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(8, 2)
                    self.softmax = nn.Softmax(dim=1)
                def forward(self, x):
                    x = x.view(x.size(0), -1)
                    x = self.fc(x)
                    a = F.softmax(x, dim=1)
                    b = F.log_softmax(x, dim=1)
                    c = F.softmax(torch.flatten(x, 1), dim=1)
                    return a + b + c, self.softmax(x)
            class Pooled(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.conv = nn.Sequential(nn.Conv2d(3, dim, 3), nn.ReLU())
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x, y):
                    b, c, h, w = x.shape
                    x = self.conv(x)
                    z = F.softmax(x / 2.0, dim=1)
                    x = self.fc(x.mean([2, 3]))
                    x = F.log_softmax(x, dim=1)
                    n, t, d = y.size()
                    w = F.softmax(y[:, 0], dim=1)
                    v = F.softmax(torch.einsum("bhid,bhjd->bhij", z, z), dim=1)
                    return x, w, v, F.softmax(y.sum(dim=1, keepdim=True))
            """,
        ),
        Example(
            """
            from torch import nn
            from torch.nn import functional, LogSoftmax
            from torch.nn.functional import softmax
            class Attention(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.out = nn.Sequential(nn.Linear(2, 2), LogSoftmax())  # NN501
                def forward(self, scores, rows):
                    a = functional.softmax(scores)  # NN501
                    return softmax(rows.view(2, 3, 4)), a  # NN501
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            from elsewhere import softmax
            class Head(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Softmax(1)
                    self.b = nn.LogSoftmax(dim=-1)
                    self.c = nn.Softmax2d()
                def forward(self, x, *args):
                    x = F.softmax(x, 1) + F.softmax(x, dim=-1) + F.softmax(x, *args)
                    return softmax(x) + x.softmax(-1) + torch.softmax(x, 0) + F.gumbel_softmax(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Later(nn.Module):
                def __init__(self, axis):
                    super().__init__()
                    self.softmax = nn.Softmax()
                    self.softmax.dim = axis
                def forward(self, x):
                    return self.softmax(x)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Written(nn.Module):
                def forward(self, x):
                    x = x.view(1, 1, 2, 2)
                    a = F.softmax((x))  # NN501
                    b = F.softmax(x, (None))  # NN501
                    c = F.softmax(x, None, 3)  # NN501
                    d = F.softmax(x, dim=(None), dtype=(x.dtype))  # NN501
                    return a + b + c + d
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Written(nn.Module):
                def forward(self, x):
                    x = x.view(1, 1, 2, 2)
                    a = F.softmax((x), dim=1)
                    b = F.softmax(x, dim=1)
                    c = F.softmax(x, 1, 3)
                    d = F.softmax(x, dim=1, dtype=(x.dtype))
                    return a + b + c + d
            """,
        ),
    ),
)
