"""
A forward that runs its own trainable layers under `no_grad`.

## Why it hurts
No gradient reaches the layers: they keep their first, random weights, while the optimizer counts them in and the loss
falls a little by what stands behind them. If nothing stands behind them, `backward()` raises `RuntimeError: element 0
of tensors does not require grad and does not have a grad_fn`.

## What is not reported
Submodules that come from elsewhere (a backbone that is handed over), and classes that speak of freezing, teachers,
sampling, prediction or the like.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.model.gradless import gradless
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each place that keeps a layer from ever being trained."""
    if not cls.is_module:
        return
    for found in gradless(cls):
        name = found.layer.attribute
        yield Finding(
            cls.syntax.span(found.node),
            f"`self.{name}` is only run without gradients: it never trains and keeps its random weights",
        )


def sieve(facts: ClassFacts, source: str) -> bool:
    """The context manager in forward, or above it."""
    if "no_grad" not in source and "inference_mode" not in source:
        return False
    forward = facts.method("forward")
    said = method_code(facts, source, "forward") + " ".join(forward.decorators if forward is not None else ())
    return "no_grad" in said or "inference_mode" in said


RULE = Rule(
    code="NN511",
    name="no-grad-forward",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                @torch.no_grad()  # NN511
                def forward(self, x):
                    return self.fc(x)
            class Half(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
                    self.head = nn.Linear(4, 2)
                def forward(self, x):
                    with torch.no_grad():  # NN511
                        h = self.body(x)
                    return self.head(h)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Probe(nn.Module):
                def __init__(self, backbone, dim):
                    super().__init__()
                    self.backbone = backbone
                    self.head = nn.Linear(dim, 2)
                def forward(self, x):
                    with torch.no_grad():
                        h = self.backbone(x)
                        scale = h.std()
                    return self.head(h / scale)
            class Teacher(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                @torch.no_grad()
                def forward(self, x):
                    return self.fc(x)
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 2)
                def forward(self, x, y):
                    with torch.no_grad():
                        other = self.fc(y)
                    return self.fc(x) - other
            class Table(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.register_buffer("angles", torch.zeros(4))
                @torch.no_grad()
                def forward(self, x):
                    return self.angles * x
            """
        ),
    ),
)
