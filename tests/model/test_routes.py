"""How the input reaches each output, through every way of writing it; what cannot be looked into is unknown."""

from __future__ import annotations

from functools import lru_cache
from textwrap import dedent, indent

import pytest

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.passage import Reach
from nn_lint.model.residual.reach import outputs
from nn_lint.project.hierarchy import ProjectClass

from .modules import model_of

IDENTITY, SUM, JOINED, GATED = Reach.IDENTITY, Reach.SUM, Reach.CONCATENATION, Reach.GATE
UNKNOWN, PROJECTED, NONE = Reach.UNKNOWN, Reach.PROJECTION, Reach.NONE

HEAD = """\
from collections import OrderedDict
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.checkpoint
import torch.utils.checkpoint as cp
from torch.utils.checkpoint import checkpoint
from elsewhere import fused, Outside


class Straight(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        return F.relu(self.conv(x))


class Adding(Straight):
    def forward(self, x):
        return F.relu(x + self.conv(x))


class Projecting(Straight):
    def __init__(self):
        super().__init__()
        self.conv2 = nn.Conv2d(8, 8, 1)
        self.conv3 = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        return self.conv3(self.conv(x)) + self.conv2(x)


class Joining(Straight):
    def forward(self, x):
        return torch.cat([x, self.conv(x)], 1)


class Gating(Straight):
    def forward(self, x):
        return x * torch.sigmoid(self.conv(x))


class Heir(Adding):
    pass


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Adding()

    def forward(self, x):
        return self.inner(x)


class Merging(nn.Module):
    def forward(self, x, other, scale=1.0):
        return x + other * scale


class Pair(Straight):
    def forward(self, x):
        out = self.conv(x)
        return out + x, out


class Chain(nn.Sequential):
    pass


class Template(Straight):
    def forward(self, x):
        return self.join(x, self.conv(x))

    def join(self, x, out):
        return out


class Filled(Template):
    def join(self, x, out):
        return super().join(x, out) + x


class Endless(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Endless()

    def forward(self, x):
        return self.inner(x)


"""
LAYERS = """\
super().__init__()
self.conv = nn.Conv2d(8, 8, 3, padding=1)
self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
self.conv3 = nn.Conv2d(8, 8, 1)
self.norm = nn.BatchNorm2d(8)
self.relu = nn.ReLU()
self.fc = nn.Linear(8, 8)
self.gamma = nn.Parameter(torch.ones(8))
self.attn = nn.MultiheadAttention(8, 2)
self.encoder = nn.TransformerEncoderLayer(8, 2)
self.layers = nn.ModuleList([nn.Conv2d(8, 8, 1) for _ in range(3)])
self.blocks = nn.ModuleList([Adding() for _ in range(3)])
self.branch = nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 1))
self.tail = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU())
self.stack = nn.Sequential(Adding(), nn.BatchNorm2d(8), nn.ReLU())
self.packed = nn.Sequential(nn.Sequential(nn.ReLU(), Adding()), nn.ReLU())
self.empty = nn.Sequential()
self.named = nn.Sequential(OrderedDict([("conv", nn.Conv2d(8, 8, 1))]))
self.chain = Chain()
self.deeper = nn.Sequential(nn.Conv2d(8, 8, 1), Adding())
layers = [nn.Conv2d(8, 8, 1)]
self.built = nn.Sequential(*layers)
listed = [Adding()]
for _ in range(2):
    listed.append(Adding())
self.listed = nn.ModuleList(listed)
self.mixed = nn.ModuleList([Adding()])
self.mixed.append(Straight())
self.straight, self.given = Straight(), given
self.straight = Straight()
self.adding = Adding()
self.projecting = Projecting()
self.joining = Joining()
self.gating = Gating()
self.heir = Heir()
self.nested = Nested()
self.merging = Merging()
self.pair = Pair()
self.endless = Endless()
self.outside = Outside()
self.quantised = nn.quantized.FloatFunctional()
"""
BASE = """\
class Base(nn.Module):
    def branch_of(self, x):
        return self.conv2(self.conv(x))

    def with_input(self, x):
        return x + self.branch_of(x)


"""

PLAIN = {
    "return x": IDENTITY,
    "return F.relu(x)": IDENTITY,
    "return self.relu(self.norm(x))": IDENTITY,
    "return x + self.gamma": IDENTITY,
    "return self.conv(x)": NONE,
    "return self.conv2(self.relu(self.conv(x)))": NONE,
    "return self.conv(x) + self.gamma": NONE,
    "return self.conv(x) + self.conv2(x)": NONE,
    "return F.conv2d(x, self.gamma)": NONE,
    "return x @ self.gamma": NONE,
    "return self.attn(x, x, x)[0]": NONE,
    "return torch.zeros_like(x)": NONE,
    "return self.gamma": NONE,
    "return x + self.conv(x)": SUM,
    "return self.norm(x + self.conv(x))": SUM,
    "return x + self.attn(x, x, x)[0]": SUM,
    "return x - self.conv(x)": SUM,
    "return 0.5 * x + self.gamma * self.conv(x)": SUM,
    "return self.encoder(x)": SUM,
    "return x.flatten(1) + self.conv(x).flatten(1)": SUM,
    "return self.conv2(self.conv(x)) + self.conv3(x)": PROJECTED,
    "return self.conv3(x + self.conv(x))": PROJECTED,
    "h = self.conv(x)\nreturn h + self.conv2(h)": PROJECTED,
    "return torch.cat([x, self.conv(x)], 1)": JOINED,
    "return torch.cat((x, self.conv(x) + x), dim=1)": JOINED,
    "return torch.cat([self.conv(x), self.conv2(x)], 1)": NONE,
    "return x * torch.sigmoid(self.fc(x.mean((2, 3))))": GATED,
    "return (x + self.conv(x)) * torch.sigmoid(self.fc(x))": GATED,
    "return fused(x)": UNKNOWN,
    "return fused(x, self.conv(x))": UNKNOWN,
    "return x + fused(x)": SUM,
    "return self.outside(x)": UNKNOWN,
    "return self.given(x)": UNKNOWN,
    "return self.built(x)": UNKNOWN,
    "return self.built(x) + x": SUM,
}

WRITTEN = {
    "identity = x\nreturn self.conv(x) + identity": SUM,
    "a = b = x\nx = self.conv(x)\nreturn b + x": SUM,
    "return (out := self.conv(x)) + x": SUM,
    "out: object = x\nreturn out + self.conv(x)": SUM,
    "a, b = x, self.conv(x)\nreturn a + b": SUM,
    "a, b = x, self.conv(x)\na, b = b, a\nreturn a": NONE,
    "[a, b] = [self.conv(x), x]\nreturn b": IDENTITY,
    "(a, b), c = (x, self.conv(x)), self.gamma\nreturn b": NONE,
    "a, b = x.chunk(2, 1)\nreturn torch.cat([a, self.conv(b)], 1)": JOINED,
    "out, weights = self.attn(x, x, x)\nreturn x + out": SUM,
    "parts = [x, self.conv(x)]\nreturn parts[1]": NONE,
    "parts = [x]\nparts.append(self.conv(x))\nreturn torch.cat(parts, 1)": JOINED,
    "parts = []\nparts.append(x)\nparts.append(self.conv(x))\nreturn sum(parts)": SUM,
    "out = {'x': x, 'y': self.conv(x)}\nreturn out['x'] + out['y']": SUM,
    "self.saved = x\nx = self.conv(x)\nreturn x + self.saved": SUM,
    "out = self.conv(x)\nout += x\nreturn out": SUM,
    "x += self.conv(x)\nreturn x": SUM,
    "out = x\nout += self.conv(x)\nreturn out": SUM,
    "out = self.conv(x)\nout -= x\nreturn out": SUM,
    "out = self.conv(x)\nout *= x\nreturn out": GATED,
    "out = self.conv(x)\nout.add_(x)\nreturn out": SUM,
    "out = self.conv(x)\nsame = out\nout.add_(x)\nreturn same": SUM,
    "out = self.conv(x)\nout.mul_(x)\nreturn out": GATED,
    "out = self.conv(x)\nout.relu_()\nreturn out": NONE,
    "out = self.conv(x)\nreturn out.add_(x)": SUM,
    "out = self.conv(x)\ntorch.add(out, x, out=out)\nreturn out": SUM,
    "return torch.add(self.conv(x), x)": SUM,
    "return self.quantised.add(self.conv(x), x)": SUM,
    "out = self.conv(x)\nout + x\nreturn out": NONE,
    "identity = x\nreturn self.conv(x)": NONE,
}

BRANCHED = {
    "out = self.conv(x)\nif self.given:\n    out = out + x\nreturn out": SUM,
    "if self.given:\n    x = self.conv(x)\nelse:\n    x = self.conv2(x)\nreturn x": NONE,
    "if self.given:\n    shortcut = x\nelse:\n    shortcut = self.conv3(x)\nreturn self.conv(x) + shortcut": SUM,
    "shortcut = x if self.given else self.conv3(x)\nreturn self.conv(x) + shortcut": SUM,
    "try:\n    out = x + self.conv(x)\nexcept RuntimeError:\n    out = self.conv(x)\nreturn out": SUM,
    "with torch.no_grad():\n    out = self.conv(x)\nreturn out + x": SUM,
    "match self.given:\n    case 1:\n        x = self.conv(x)\n    case _:\n        x = self.adding(x)\nreturn x": SUM,
    "match self.given:\n    case 1:\n        x = self.conv(x)\nreturn x": IDENTITY,
    "match x:\n    case [first, *rest]:\n        return first + self.conv(first)": SUM,
    "for layer in self.layers:\n    x = layer(x)\nreturn x": NONE,
    "for layer in self.layers:\n    x = x + layer(x)\nreturn x": SUM,
    "for block in self.blocks:\n    x = block(x)\nreturn x": SUM,
    "out = x\nfor layer in self.layers:\n    out = layer(out)\nreturn out + x": SUM,
    "for layer in self.layers:\n    x = layer(x)\nelse:\n    x = x + self.conv(x)\nreturn x": PROJECTED,
    "for layer in self.layers:\n    if self.given:\n        continue\n    x = layer(x)\nreturn x": NONE,
    "got = []\nfor layer in self.layers:\n    got.append(layer(x))\nreturn self.conv(got[0]) + got.pop()": PROJECTED,
    "for number, layer in enumerate(self.layers):\n    x = layer(x) + number\nreturn x": NONE,
    "for number, (layer, block) in enumerate(zip(self.layers, self.blocks)):\n    x = block(x)\nreturn x": SUM,
    "for layer, block in zip(self.layers, self.blocks):\n    x = layer(x)\nreturn x": NONE,
    "for block in reversed(self.blocks):\n    x = block(x)\nreturn x": SUM,
    "for block in self.listed:\n    x = block(x)\nreturn x": SUM,
    "for block in self.mixed:\n    x = block(x)\nreturn x": UNKNOWN,
    "for a, b in zip(x.chunk(2), self.conv(x).chunk(2)):\n    x = b\nreturn x": NONE,
    "while self.given:\n    x = self.conv(x)\nreturn x": NONE,
    "parts = [x]\nfor layer in self.layers:\n    parts.append(layer(parts[-1]))\nreturn torch.cat(parts, 1)": JOINED,
    "return sum([layer(x) for layer in self.layers])": NONE,
    "return x + sum(layer(x) for layer in self.layers)": SUM,
}
CALLED = {
    "return self.with_input(x)": SUM,
    "return x + self.branch_of(x)": SUM,
    "return self.branch_of(x)": NONE,
    "out, shortcut = self.both(x)\nreturn out + shortcut": SUM,
    "out, shortcut = self.both(x)\nreturn out": NONE,
    "return self.fixed(x, self.conv(x))": SUM,
    "return self.fixed(b=x, a=self.conv(x))": SUM,
    "self.keep(x)\nx = self.conv(x)\nreturn x + self.kept": SUM,
    "return self.early(x)": IDENTITY,
    "def run(y):\n    return y + self.conv(y)\nreturn run(x)": SUM,
    "def run(y, skip=x):\n    return skip + self.conv(y)\nreturn run(x)": SUM,
    "def run(y):\n    return self.conv(y) + x\nreturn run(x)": SUM,
    "def run(y):\n    return self.conv(y)\nreturn run(x)": NONE,
    "run = lambda y: y + self.conv(y)\nreturn run(x)": SUM,
    "def run(y):\n    return y + self.conv(y)\nreturn checkpoint(run, x)": SUM,
    "def run(y):\n    return y + self.conv(y)\nreturn cp.checkpoint(run, x, use_reentrant=False)": SUM,
    "return torch.utils.checkpoint.checkpoint(self.with_input, x)": SUM,
    "return checkpoint(self.branch_of, x, use_reentrant=False)": NONE,
    "return x + checkpoint(self.branch_of, x)": SUM,
    "return x + checkpoint(self.conv, x)": SUM,
    "return cp.checkpoint(self.conv, x)": NONE,
    "return cp.checkpoint(self.adding, x, use_reentrant=False)": SUM,
}

COMPOSED = {
    "return self.branch(x)": NONE,
    "return self.branch(x) + x": SUM,
    "return self.tail(x)": IDENTITY,
    "return self.tail(x + self.conv(x))": SUM,
    "return self.stack(x)": SUM,
    "return self.packed(x)": SUM,
    "return self.empty(x) + self.conv(x)": SUM,
    "return self.named(x)": UNKNOWN,
    "return self.chain(x)": UNKNOWN,
    "return self.deeper(x)": PROJECTED,
    "return self.straight(x)": NONE,
    "return self.straight(x) + x": SUM,
    "return self.adding(x)": SUM,
    "return self.conv(self.adding(x))": PROJECTED,
    "return self.adding(self.conv(x))": PROJECTED,
    "return self.projecting(x)": PROJECTED,
    "return self.joining(x)": JOINED,
    "return self.gating(x)": GATED,
    "return self.heir(x)": SUM,
    "return self.nested(x)": SUM,
    "return self.merging(x, self.conv(x))": SUM,
    "return self.merging(other=x, x=self.conv(x))": SUM,
    "return self.merging(*[x, self.conv(x)])": UNKNOWN,
    "return self.merging(x, self.gamma)": IDENTITY,
    "out, rest = self.pair(x)\nreturn out": SUM,
    "out, rest = self.pair(x)\nreturn rest": NONE,
    "return self.pair(x)[1]": NONE,
    "return self.endless(x)": UNKNOWN,
    "return self.blocks[0](x)": SUM,
    "return self.layers[0](x)": NONE,
}

SEVERAL = {
    "return x + self.conv(x), self.conv(x)": (SUM, NONE),
    "return [x, (self.conv(x), x * torch.sigmoid(self.fc(x)))]": (IDENTITY, NONE, GATED),
    "return {'out': x + self.conv(x), 'raw': x}": (SUM, IDENTITY),
    "if self.given:\n    return x\nreturn self.conv(x)": (IDENTITY, NONE),
    "if self.given:\n    return x + self.conv(x)\nelse:\n    return self.conv(x)": (SUM, NONE),
    "for layer in self.layers:\n    if self.given:\n        return layer(x) + x\nreturn self.conv(x)": (SUM, NONE),
    "return": (NONE,),
    "pass": (),
}

MEMBERS = """\
def both(self, x):
    if self.given:
        return self.conv(x), self.conv3(x)
    return self.conv(x), x

def keep(self, x):
    self.kept = x

def early(self, x):
    if self.given:
        return x
    return self.conv(x)

@staticmethod
def fixed(a, b):
    return a + b
"""


SIGNED = {
    ("self, x, skip", "return self.conv(x) + skip"): NONE,
    ("self, mask, x", "return x + self.conv(x)"): SUM,
    ("self, x, skip=None", "out = self.conv(x)\nif skip is not None:\n    out = out + skip\nreturn out + x"): SUM,
    ("self, *xs", "return xs[0] + self.conv(xs[0])"): SUM,
    ("self, x, **more", "return x + self.conv(more['x'])"): IDENTITY,
}
FORWARDS = (
    *(("self, x", forward) for table in (PLAIN, WRITTEN, BRANCHED, CALLED, COMPOSED, SEVERAL) for forward in table),
    *SIGNED,
)


@lru_cache(maxsize=1)
def family() -> ModuleClass:
    """The parent of one class for each case, all of them in one file."""
    init, members = indent(LAYERS, " " * 8), indent(MEMBERS, " " * 4)
    text = f"{HEAD}{BASE}class Block(Base):\n    def __init__(self, given):\n{init}\n{members}\n"
    for number, (signature, forward) in enumerate(FORWARDS):
        body = indent(dedent(forward), " " * 8)
        text += f"class Case{number}(Block):\n    def forward({signature}):\n{body}\n"
    return model_of(text)


def reach(forward: str, signature: str = "self, x") -> tuple[Reach, ...]:
    file = family().definition.file
    name = f"Case{FORWARDS.index((signature, forward))}"
    model = family().registry.model(ProjectClass(file, file.classes[name]))
    return tuple(output.reach for output in outputs(model))


@pytest.mark.parametrize("forward", PLAIN)
def test_every_kind_of_route(forward: str) -> None:
    assert reach(forward) == (PLAIN[forward],)


@pytest.mark.parametrize("forward", WRITTEN)
def test_aliases_unpacking_and_operators_in_place(forward: str) -> None:
    assert reach(forward) == (WRITTEN[forward],)


@pytest.mark.parametrize("forward", BRANCHED)
def test_conditions_and_loops(forward: str) -> None:
    assert reach(forward) == (BRANCHED[forward],)


@pytest.mark.parametrize("forward", CALLED)
def test_helpers_nested_functions_and_checkpoints(forward: str) -> None:
    assert reach(forward) == (CALLED[forward],)


@pytest.mark.parametrize("forward", COMPOSED)
def test_sequentials_and_submodules(forward: str) -> None:
    assert reach(forward) == (COMPOSED[forward],)


@pytest.mark.parametrize("forward", SEVERAL)
def test_outputs_are_told_apart(forward: str) -> None:
    assert reach(forward) == SEVERAL[forward]


@pytest.mark.parametrize(("signature", "forward"), SIGNED)
def test_the_input_is_the_first_that_matters(signature: str, forward: str) -> None:
    assert reach(forward, signature) == (SIGNED[signature, forward],)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Adding", SUM), ("Heir", SUM), ("Nested", SUM), ("Template", NONE), ("Filled", SUM), ("Projecting", PROJECTED)],
)
def test_forward_helpers_and_layers_may_be_inherited(name: str, expected: Reach) -> None:
    assert [output.reach for output in outputs(model_of(HEAD, name))] == [expected]


def test_a_class_without_forward_has_no_outputs() -> None:
    assert list(outputs(model_of("from torch import nn\nclass Block(nn.Module):\n    pass\n"))) == []
