"""Whether a forward brings its input back: for certain, possibly, or not; a child counts for what it is given."""

from __future__ import annotations

import pytest

from nn_lint.model.residual.routes import Return, return_of_input

from .modules import model_of

FILE = """\
import torch
from torch import nn


class Adding(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x, condition=None):
        return x + self.fc(x)


class Shift(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(8, 8)
        self.shift = nn.Linear(8, 8)

    def forward(self, x, condition):
        return x * self.scale(condition) + self.shift(condition)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.adding = Adding()
        self.shift = Shift()
        self.fc = nn.Linear(8, 8)
        self.other = nn.Linear(8, 8)

    def forward(self, x, condition=torch.zeros(8)):
        return {}
"""


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("self.fc(x)", Return.NONE),
        ("self.fc(x) if condition is None else x", Return.NONE),
        ("self.shift(self.fc(x), condition.detach() + 1)", Return.POSSIBLE),
        ("self.shift(self.fc(x), torch.ones(8))", Return.NONE),
        ("self.adding(x)", Return.POSSIBLE),
        ("self.adding(torch.ones(8), x)", Return.NONE),
        ("self.adding(torch.ones(8), condition=x)", Return.NONE),
        ("self.fc(x) + self.other(x)", Return.POSSIBLE),
        ("torch.cat([x, self.fc(x)], -1)", Return.POSSIBLE),
        ("x * self.fc(x)", Return.POSSIBLE),
        ("x + self.fc(x)", Return.CERTAIN),
        ("self.other(self.fc(x) + x)", Return.CERTAIN),
    ],
)
def test_the_return_of_an_input(result: str, expected: Return) -> None:
    assert return_of_input(model_of(FILE.format(result))) is expected
