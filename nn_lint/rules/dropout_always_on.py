"""
A dropout by function that `model.eval()` does not switch off.

## Why it hurts
`F.dropout(x, p)` takes `training=True` where nothing is said, and `F.scaled_dot_product_attention` drops with whatever
`dropout_p` it is given: neither knows the module. `training=self.train` hands over a method, which is always true.
After `model.eval()` two runs on the same input still differ, and accuracy is lost at random. Nothing warns.

## What is not reported
Dropout that is on by a word of its author: `training=True`, a name or comment that speaks of Monte Carlo dropout. Rates
that come as a parameter of the method, that ask for `training`, or that the class sets anew; code behind a condition on
training; methods, classes and results (`noisy = F.dropout(x)`) that only train, augment, corrupt or compute a loss; a
rate of zero.

## Fix safety
Verified: `training=self.training` is written down, or the rate of an attention becomes 0 outside of training. What the
model computes in evaluation changes, which is the point.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Edit
from nn_lint.fixing.build import insert, replace
from nn_lint.model.dropouts import Unguarded, unguarded_dropouts
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.receivers import takes_receiver
from nn_lint.project.code_text import calls_text
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.dropouts import may_drop_always
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each dropout that stays on in evaluation."""
    if not cls.is_module:
        return
    for found in unguarded_dropouts(cls):
        drops = "drops attention weights" if found.is_attention else "drops values"
        message = f"`{found.callee}` {drops} after `model.eval()` too: nothing tells it that the module evaluates"
        repair = None
        if takes_receiver(cls, found.method):
            repair = Repair("Drop only while the module trains", (_edit(cls, found),))
        yield Finding(cls.syntax.span(found.call), message, repair)


def _edit(cls: ModuleClass, found: Unguarded) -> Edit:
    training = f"{found.method.receiver}.training"
    if found.training is not None:
        return replace(cls.syntax.span(found.training.value), training)
    if found.is_attention and found.rate is not None:
        rate = cls.syntax.text(found.rate.value)
        return replace(cls.syntax.span(found.rate.value), f"{rate} if {training} else 0.0")
    return insert(cls.syntax.span(found.call.args[-1]).end, f", training={training}")


_FUNCTIONS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "scaled_dot_product_attention")
_CALL = re.compile(rf"\b(?:{'|'.join(_FUNCTIONS)})\s*\(")

_METHOD = re.compile(r"training\s*=\s*\(*\s*\w+\s*\.\s*train\b")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A call of a function of such a name that is not told whether the module trains, or is handed a method for it."""
    return ("dropout" in source or "scaled_dot" in source) and any(
        "training" not in call or _METHOD.search(call) is not None for call in calls_text(source, _CALL)
    )


def premise(cls: ModuleClass) -> bool:
    """The same, where it is no submodule that is called."""
    return cls.tree is None or may_drop_always(cls.tree, _FUNCTIONS)


RULE = Rule(
    code="NN505",
    name="dropout-always-on",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Attention(nn.Module):
                def __init__(self, p=0.5):
                    super().__init__()
                    self.p = p
                def forward(self, q, k, v):
                    return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)  # NN505
            class Head(nn.Module):
                def __init__(self, p=0.5):
                    super().__init__()
                    self.fc = nn.Linear(8, 8)
                    self.p = p
                    self.drop = nn.Dropout(p)
                def forward(self, x):
                    x = F.dropout(self.fc(x), p=0.5)  # NN505
                    if self.p > 0:
                        x = F.dropout(x, self.p)  # NN505
                    return self.last(x)
                def last(self, x):
                    rate = self.drop.p
                    x = F.scaled_dot_product_attention(x, x, x, None, rate)  # NN505
                    return F.dropout(x)  # NN505
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Attention(nn.Module):
                def __init__(self, p=0.5):
                    super().__init__()
                    self.p = p
                def forward(self, q, k, v):
                    return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p if self.training else 0.0)
            class Head(nn.Module):
                def __init__(self, p=0.5):
                    super().__init__()
                    self.fc = nn.Linear(8, 8)
                    self.p = p
                    self.drop = nn.Dropout(p)
                def forward(self, x):
                    x = F.dropout(self.fc(x), p=0.5, training=self.training)
                    if self.p > 0:
                        x = F.dropout(x, self.p, training=self.training)
                    return self.last(x)
                def last(self, x):
                    rate = self.drop.p
                    x = F.scaled_dot_product_attention(x, x, x, None, rate if self.training else 0.0)
                    return F.dropout(x, training=self.training)
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            from elsewhere import dropout
            class Guarded(nn.Module):
                def __init__(self, p=0.5):
                    super().__init__()
                    self.p = p
                    self.drop = nn.Dropout(p)
                def forward(self, q, k, v, dropout_p=0.1, **options):
                    rate = self.p if self.training else 0.0
                    a = F.scaled_dot_product_attention(q, k, v, dropout_p=rate)
                    b = F.scaled_dot_product_attention(q, k, v, None, self.drop.p * self.training)
                    c = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout_p)
                    d = F.scaled_dot_product_attention(q, k, v, is_causal=True) + F.dropout(q, 0.0)
                    if self.training:
                        d = F.dropout(d, self.p)
                        d = self.noisy(d)
                    d = F.dropout(d, self.p, self.training) + F.dropout(d, **options) + torch.dropout(d, 0.5, True)
                    return a + b + c + dropout(d, 0.1)
                def noisy(self, x):
                    return F.dropout(x, self.p)
            class Prenet(nn.Module):
                def forward(self, x):
                    return F.dropout(x, p=0.5, training=True)
            class Late(nn.Module):
                def forward(self, x):
                    if not self.training:
                        return x
                    return F.dropout(x, p=0.5)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class MCDropout(nn.Module):
                def forward(self, x):
                    return F.dropout(x, p=0.5)
            class Prenet(nn.Module):
                def forward(self, x):
                    # we make this part non deterministic, as the paper does
                    return F.dropout(x, 0.5)
            class Stored(nn.Module):
                def __init__(self, p):
                    super().__init__()
                    self.rate = p
                def train(self, mode=True):
                    self.rate = 0.5 if mode else 0.0
                    return super().train(mode)
                def forward(self, q, k, v):
                    return F.scaled_dot_product_attention(q, k, v, dropout_p=self.rate)
            class Computed(nn.Module):
                @property
                def rate(self):
                    return 0.1 if self.training else 0.0
                def forward(self, q, k, v):
                    return F.scaled_dot_product_attention(q, k, v, dropout_p=self.rate)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Denoiser(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                def forward(self, x):
                    noisy = F.dropout(x, 0.3)
                    return F.mse_loss(self.fc(noisy), x)
            class RandomErasing(nn.Module):
                def forward(self, x):
                    return F.dropout2d(x, 0.2)
            class ConsistencyLoss(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                def forward(self, x):
                    return F.mse_loss(self.body(F.dropout(x, 0.1)), self.body(F.dropout(x, 0.1)))
            class Off(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.rate = 0.0
                def forward(self, x):
                    return F.scaled_dot_product_attention(x, x, x, dropout_p=self.rate) + F.dropout(x, self.rate)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Written(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.p = 0.1
                def forward(self, x):
                    x = F.dropout((x))  # NN505
                    x = F.dropout(x, (self.p))  # NN505
                    return F.dropout(  # NN505
                        x,
                        0.5,  # the rate
                    )
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Written(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.p = 0.1
                def forward(self, x):
                    x = F.dropout((x), training=self.training)
                    x = F.dropout(x, (self.p), training=self.training)
                    return F.dropout(
                        x,
                        0.5, training=self.training,  # the rate
                    )
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Unbound(nn.Module):
                def forward(x):
                    return F.dropout(x)  # NN505
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(8, 8)
                def forward(self, x):
                    x = F.dropout(self.fc(x), training=self.train)  # NN505
                    return F.dropout(x, 0.5, self.train)  # NN505
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(8, 8)
                def forward(self, x):
                    x = F.dropout(self.fc(x), training=self.training)
                    return F.dropout(x, 0.5, self.training)
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Flagged(nn.Module):
                def __init__(self, train):
                    super().__init__()
                    self.fc = nn.Linear(8, 8)
                    self.train = train
                def forward(self, x, net):
                    x = F.dropout(x, training=net.train)
                    return F.dropout(self.fc(x), training=self.train)
            """
        ),
    ),
)
