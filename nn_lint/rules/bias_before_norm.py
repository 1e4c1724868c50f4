"""
A convolution or linear layer with a bias right before a batch norm, which takes it away again.

## Why it hurts
A batch norm subtracts the mean of each channel, and the bias with it: the parameter gets a gradient of zero, costs
memory and is saved in every checkpoint. Nothing is wrong with the result, so the rule is not on by default.

## What is not reported
`bias=False`, and a bias that is decided by an expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.layers import CONVOLUTIONS, Layer
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.torch_calls import has_stars
from nn_lint.model.values import Kind
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule

_BIASED = CONVOLUTIONS | {"Linear"}
_NORMS = frozenset(f"BatchNorm{rank}d" for rank in (1, 2, 3))


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each bias that a batch norm takes away."""
    if not cls.is_module:
        return
    for layer in dict.fromkeys(layer.call for layer, norm in _pairs(cls) if _is_wasted(layer, norm)):
        if cls.syntax.holds(layer):
            yield Finding(
                cls.syntax.span(layer), "the batch norm behind subtracts this bias again: `bias=False` saves it"
            )


def _pairs(cls: ModuleClass) -> Iterator[tuple[Layer, Layer]]:
    """Each two layers of which the second takes what the first gives, and nothing else does."""
    for layers in cls.layers.own.values():
        for layer in layers:
            sequence = tuple(parts(cls, layer))
            yield from ((a, b) for a, b in pairwise(sequence) if a is not None and b is not None)
    values = cls.flow.values if cls.flow is not None else []
    for value in values:
        before = value.operands[0] if value.operands else None
        if before is not None and before.layer is not None and value.layer is not None and value.kind is Kind.LAYER:
            uses = sum(before in item.operands for item in values)
            if uses == 1:
                yield before.layer, value.layer


def _is_wasted(layer: Layer, norm: Layer) -> bool:
    bias = layer.argument("bias")
    is_biased = bias is None or (isinstance(bias, cst.Name) and bias.value == "True")
    return layer.torch_name in _BIASED and norm.torch_name in _NORMS and is_biased and not has_stars(layer.call)


_NORM = re.compile(r"\bBatchNorm[123]d\s*\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A batch norm."""
    return "BatchNorm" in source and _NORM.search(source) is not None


RULE = Rule(
    code="NN515",
    name="bias-before-norm",
    doc=__doc__,
    default=False,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Block(nn.Module):
                def __init__(self, width=4):
                    super().__init__()
                    self.body = nn.Sequential(
                        nn.Conv2d(3, width, 3),  # NN515
                        nn.BatchNorm2d(width),
                    )
                    self.conv = nn.Conv2d(width, width, 3)  # NN515
                    self.norm = nn.BatchNorm2d(width)
                def forward(self, x):
                    return self.norm(self.conv(self.body(x)))
            """,
        ),
        Example(
            """
            from torch import nn
            class Block(nn.Module):
                def __init__(self, width, bias):
                    super().__init__()
                    self.body = nn.Sequential(nn.Conv2d(3, width, 3, bias=False), nn.BatchNorm2d(width))
                    self.other = nn.Sequential(nn.Conv2d(width, width, 3, bias=bias), nn.BatchNorm2d(width))
                    self.pre = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3))
                def forward(self, x):
                    return self.pre(self.other(self.body(x)))
            """
        ),
    ),
)
