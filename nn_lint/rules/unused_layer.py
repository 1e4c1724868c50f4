"""
A layer or parameter that `__init__` builds and nothing ever uses.

## Why it hurts
The step is missing from what the model computes: an activation that was written down is not applied. A layer with
weights, or a parameter, is in `parameters()` and in every checkpoint, gets no gradient, and makes
`DistributedDataParallel` stop with an error about parameters that did not take part in the loss.

## What is not reported
Layers that a base, an heir or any text near takes (`model.head`, `"head"`), classes that walk over their submodules
(`self.children()`, `getattr`), hand themselves over, or have bases out of sight; losses, `nn.Identity`, containers, one
of a set without weights (`up2`, `up4`), and layers whose name or comment says why they are there, or whose use is
commented out, or that the docstring explains by `name`. `copy-paste-layer` reports those whose sibling runs twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.model.confused_layers import confused_layers
from nn_lint.model.layer_calls import holds_weights
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.unused_layers import may_be_unused, unused_layers
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each layer that is stored and never taken."""
    unused = unused_layers(cls)
    confused = {found.unused.attribute for found in confused_layers(cls)} if unused else set[str]()
    for item in unused:
        if item.attribute in confused or cls.init is None:
            continue
        weights = item.kind == "Parameter" or holds_weights(cls, cls.init, item.call)
        harm = "its weights get no gradient and stay in every checkpoint" if weights else "the step is never taken"
        message = f"`self.{item.attribute}` (`{item.kind}`) is built and never used: {harm}"
        yield Finding(cls.syntax.span(item.target), message)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `forward`, and an attribute that gets a layer and stands nowhere else."""
    return facts.method("forward") is not None and may_be_unused(source)


RULE = Rule(
    code="NN408",
    name="unused-layer",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class ConvBlock(nn.Module):
                '''A convolution, a norm and relu.'''
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1, bias=False)
                    self.bn = nn.BatchNorm2d(cout)
                    self.relu = nn.ReLU()  # NN408
                    self.fc = nn.Linear(cout, cout)  # NN408
                def forward(self, x):
                    return self.bn(self.conv(x))
            class Other(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.relu = nn.ReLU()
                def forward(self, x):
                    return self.relu(x).relu() + F.relu(x)
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Unseen, attach
            class Head(nn.Module):
                '''The backbone; `aux` is there for the weights that the authors published.'''
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.aux = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x)
            class Base(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.act = nn.ReLU()
                    self.norm = nn.LayerNorm(dim)
                    self.same = nn.Identity()
                    self.loss = nn.MSELoss()
                    # kept so that old checkpoints load
                    self.proj = nn.Linear(dim, dim)
                    self.out = nn.Linear(dim, dim)
                def forward(self, x):
                    # return self.out(self.fc(x))
                    return self.fc(x)
            class Heir(Base):
                def forward(self, x):
                    return self.act(super().forward(x))
            def normed(model, x):
                return model.norm(model(x))
            class Walking(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.relu = nn.ReLU()
                def forward(self, x):
                    for layer in self.children():
                        x = layer(x)
                    return self.fc(x)
            class Named(nn.Module):
                def __init__(self, dim, act):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.gelu = nn.GELU()
                    self.name = act
                def forward(self, x):
                    return getattr(self, self.name)(self.fc(x))
            class Sizes(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.up2 = nn.Upsample(scale_factor=2)
                    self.up4 = nn.Upsample(scale_factor=4)
                    self.up8 = nn.Upsample(scale_factor=8)
                def forward(self, x):
                    return self.up8(self.up2(x))
            class Wide(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.op２ = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.op2(x)
            class Far(Unseen, nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.tanh = nn.Tanh()
                def forward(self, x):
                    return self.fc(x)
            class Handed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.silu = nn.SiLU()
                    attach(self)
                def forward(self, x):
                    return self.fc(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Scaled(nn.Module):
                def __init__(self, d):
                    super().__init__()
                    self.fc = nn.Linear(d, d)
                    self.gamma = nn.Parameter(torch.ones(d))  # NN408
                    self.beta = nn.Parameter(torch.zeros(d))
                    self.steps = nn.Parameter(torch.zeros(1), requires_grad=False)
                def forward(self, x):
                    return self.fc(x) + self.beta
            """
        ),
    ),
)
