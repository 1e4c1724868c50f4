"""What a submodule is made of, through lists, local names, conditions and wrappers."""

from __future__ import annotations

from textwrap import indent

import pytest

from .modules import model_of

FILE = """\
import torch
from torch import nn


class Child(nn.Module):
    def __init__(self, fn=None):
        super().__init__()
        self.fn = fn


class Block(nn.Module):
    def __init__(self, width, deep, norm_layer=nn.LayerNorm, layer=None):
        super().__init__()
{}
"""
KNOWN = {
    "self.body = nn.Linear(8, 8)": ["Linear"],
    "self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU())": ["Linear ReLU"],
    "self.body = nn.Sequential(nn.Sequential(nn.Linear(8, 8)), nn.ReLU())": ["Linear ReLU"],
    "self.body = nn.ModuleList([Child() for _ in range(3)])": ["Child"],
    "self.body = nn.ModuleList(Child() for _ in range(3))": ["Child"],
    "self.body = nn.ModuleList([nn.Linear(8, 8)] * 3)": ["Linear"],
    "self.body = nn.ModuleDict({'a': nn.Linear(8, 8), 'b': Child()})": ["Linear Child"],
    "self.body = nn.Linear(8, 8) if deep else nn.Identity()": ["Linear", "Identity"],
    "self.body = nn.Linear(8, 8) if deep else None": ["Linear"],
    "if deep:\n    self.body = nn.Linear(8, 8)\nelse:\n    self.body = Child()": ["Linear", "Child"],
    "self.body = nn.ModuleList()\nfor _ in range(3):\n    self.body.append(Child())": ["Child"],
    "self.body = nn.Sequential()\nself.body.add_module('a', nn.Linear(8, 8))": ["Linear"],
    "layers = []\nlayers.append(nn.Linear(8, 8))\nlayers += [nn.ReLU()]\nself.body = nn.Sequential(*layers)": [
        "Linear ReLU"
    ],
    "layers: list = [Child()]\nlayers.extend([nn.ReLU()])\nself.body = nn.Sequential(*layers)": ["Child ReLU"],
    "self.body = Child(nn.Linear(8, 8))": ["Child Linear"],
    "self.body = torch.nn.utils.weight_norm(nn.Linear(8, 8))": ["Linear"],
    "self.body = norm_layer(width)": ["norm_layer"],
}
UNKNOWN = [
    "self.body = layer",
    "self.body = [1, 2]",
    "self.body = nn.Sequential(*layer)",
    "self.other = nn.Linear(8, 8)",
]


def made_of(init: str) -> list[str] | None:
    """The callees of each alternative, without the modules that they come from."""
    found = model_of(FILE.format(indent(init, " " * 8))).layers.alternatives("body")
    if found is None:
        return None
    return [" ".join(part.callee.split(".")[-1] for part in parts) for parts in found]


@pytest.mark.parametrize("init", KNOWN)
def test_parts_that_can_be_read(init: str) -> None:
    assert made_of(init) == KNOWN[init]


@pytest.mark.parametrize("init", UNKNOWN)
def test_parts_that_cannot_be_read(init: str) -> None:
    assert made_of(init) is None
