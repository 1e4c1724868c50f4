"""What a caller does with a block's input and result: where it may add them, the block itself need not."""

from __future__ import annotations

import pytest

from nn_lint.model.residual.callers import caller_may_add
from nn_lint.model.residual.evidence import sites_of

from .modules import model_of

FILE = """\
import torch
from torch import nn
from elsewhere import fuse


class Fuse(nn.Module):
    def forward(self, a, b):
        return a + b


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return self.conv(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block()
        self.fuse = Fuse()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return {}
"""


@pytest.mark.parametrize(
    "result",
    [
        "x + self.block(x)",
        "torch.add(x, self.block(x))",
        "self.block(x).add_(x)",
        "sum([x, self.block(x)])",
        "torch.stack([x, self.block(x)]).sum(0)",
        "torch.stack((x, self.block(x))).mean(0)",
        "self.fuse(x, self.block(x))",
        "fuse(x, self.block(x))",
        "x.sub(-self.block(x))",
        "torch.lerp(x, self.block(x), 0.5)",
        "self.head(x) + self.block(x)",
        "torch.cat([x, self.block(x)], 1)",
        "x * self.block(x)",
    ],
)
def test_a_caller_that_may_add(result: str) -> None:
    cls = model_of(FILE.format(result))
    assert caller_may_add(cls, sites_of(cls))


@pytest.mark.parametrize(
    "result",
    [
        "self.block(x)",
        "self.head(self.block(x).mean((2, 3)))",
        "self.head(self.block(x)) + 1",
        "fuse(self.block(x))",
        "self.head(self.block(x)) + self.head(x)",
        "self.block(x + self.head(x))",
        "torch.cat([self.head(x), self.block(x)], 1)",
        "self.fuse(self.block(self.head(x), x), x)",
        "(x,) + (self.block(x),)",
    ],
)
def test_a_caller_that_only_hands_on(result: str) -> None:
    cls = model_of(FILE.format(result))
    assert not caller_may_add(cls, sites_of(cls))
