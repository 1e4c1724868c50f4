"""Premises: what CPython's tree of a class shows, and what it must never rule out."""

from __future__ import annotations

import ast
import re
from textwrap import dedent

import pytest

from nn_lint.project.premises.casts import may_cast_away
from nn_lint.project.premises.constants import may_keep_new_tensor
from nn_lint.project.premises.containers import may_hold_layers
from nn_lint.project.premises.defaults import may_share_default
from nn_lint.project.premises.discarded import may_drop_result
from nn_lint.project.premises.dropouts import may_drop_always
from nn_lint.project.premises.features import may_disagree
from nn_lint.project.premises.lost_sums import may_lose_sum
from nn_lint.project.premises.made_layers import may_call_what_it_builds
from nn_lint.project.premises.nodes import nodes
from nn_lint.project.premises.parents import may_store_itself
from nn_lint.project.premises.parts import names_of_parts
from nn_lint.project.premises.reach import taken
from nn_lint.project.premises.repeats import may_repeat
from nn_lint.project.premises.shortcut import adds_for_certain
from nn_lint.project.premises.states import may_carry_state
from nn_lint.project.premises.strides import may_differ_in_stride
from nn_lint.project.premises.sum_sides import SumSides, sum_sides
from nn_lint.project.premises.trees import ClassTree


def tree(*methods: str) -> ClassTree:
    """A class with these methods."""
    body = "\n".join(dedent(method).strip("\n") for method in methods)
    source = "class Net(nn.Module):\n" + "\n".join(f"    {row}" for row in body.split("\n"))
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.ClassDef)
    return ClassTree(node)


def init(*rows: str) -> str:
    """A constructor of these rows."""
    return "\n".join(("def __init__(self, width):", *(f"    {row}" for row in rows)))


def forward(*rows: str) -> str:
    """A forward of these rows."""
    return "\n".join(("def forward(self, x, y=None):", *(f"    {row}" for row in rows)))


def test_nodes_are_all_but_contexts_operators_and_imported_names() -> None:
    module = ast.parse("def f(a, *, b=1):\n    import c\n    return {**a, b: -d.e[0]} if a < b else f'{a!r:>{b}}'")
    left_out = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.alias)
    wanted = [node for node in ast.walk(module) if not isinstance(node, left_out)]
    found = list(nodes(module))
    assert len(found) == len(wanted)
    assert set(map(id, found)) == set(map(id, wanted))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["x = x + self.conv(x)", "return self.act(x)"], True),
        (["out = self.conv(x)", "out += x", "return out"], True),
        (["if self.flag:", "    x = x + self.conv(x)", "return x"], True),
        (["return self.act(self.conv(x) - x), y"], True),
        (["skip = x", "x = self.conv(x)", "return x + skip"], True),
        (["return self.conv(x)"], False),
        (["return x + x"], False),
        (["skip = x", "return x + skip"], False),
        (["return x + y"], False),
        (["return x + self.bias"], False),
        (["x = x + self.helper(x)", "return x"], False),
        (["z = x + self.conv(x)", "return self.conv(x)"], False),
        (["for layer in self.layers:", "    x = x + layer(x)", "return x"], False),
    ],
)
def test_what_adds_for_certain(rows: list[str], expected: bool) -> None:
    assert adds_for_certain(tree(forward(*rows)), {"helper"}) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["x = self.norm(x)", "return x + self.conv(x)"], {"norm"}),
        (["return x + self.conv(self.norm(x))"], set()),
        (["x = x + self.conv(x)", "return x + self.fc(x)"], {"around"}),
        (["h = self.conv(x) + x", "return h + x"], {"nested", "around"}),
        (["h = x + self.conv(self.norm(x))", "return h + self.fc(self.norm(h))"], set()),
        (["return self.helper(x) + x"], {"norm", "nested"}),
        (["return x + self.fc(self.conv(x))"], {"layer"}),
        (["return self.fc(x)"], set()),
    ],
)
def test_sides_of_sums(rows: list[str], expected: set[str]) -> None:
    cls = tree(init("self.fc = nn.Linear(width, width)", "self.conv = Conv(width)"), forward(*rows))
    found = sum_sides(cls, {"helper"})
    shown = {name for name in ("norm", "nested", "around", "layer") if getattr(found, name)}
    assert expected <= shown
    assert not (shown - expected) & {"norm", "nested"}


def test_sides_are_anything_without_a_tree() -> None:
    assert SumSides() == SumSides(norm=True, nested=True, around=True, layer=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.parts = [nn.Linear(width, 1)]"], True),
        (["parts = []", "parts.append(nn.Linear(width, 1))", "self.parts = parts"], True),
        (["self.parts = []", "self.parts.append(nn.Linear(width, 1))"], True),
        (["self.parts = {}", "self.parts['a'] = layer"], True),
        (["self.parts = [nn.Linear(width, 1) for _ in range(3)]"], True),
        (["self.parts = tuple(nn.Linear(width, 1) for _ in range(3))"], True),
        (["self.sizes = [1, 2, width + 3]"], False),
        (["self.info = [dict(a=1)]"], False),
        (["self.parts = nn.ModuleList([nn.Linear(width, 1)])"], False),
        (["sizes = [Conv(1)]", "self.size = len(sizes)"], False),
    ],
)
def test_containers_that_may_hold_layers(rows: list[str], expected: bool) -> None:
    assert may_hold_layers(tree(init(*rows))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["layer = nn.Linear(1, 1)", "self.a = nn.Sequential(layer, layer)"], True),
        (["self.a = nn.ModuleList([layer for _ in range(3)])"], True),
        (["self.a = nn.ModuleList([nn.Linear(1, 1)] * 3)"], True),
        (["for _ in range(3):", "    layers.append(layer)"], True),
        (["for _ in range(3):", "    layer = nn.Linear(1, 1)", "    layers.append(layer)"], False),
        (["self.a = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)])"], False),
        (["self.a = nn.Sequential(first, second)"], False),
    ],
)
def test_layers_that_may_repeat(rows: list[str], expected: bool) -> None:
    assert may_repeat(tree(init(*rows))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.a = nn.Linear(4, 8)", "self.b = nn.Linear(6, 1)"], True),
        (["self.a = nn.Linear(4, width)", "self.b = nn.Linear(2 * width, 1)"], True),
        (["self.a = nn.Linear(width, width)", "self.b = nn.Linear(6, width)"], False),
        (["self.a = nn.Linear(width, width)", "self.b = nn.Linear(hidden, width)"], False),
        (["self.a = nn.Linear(width, width.size)", "self.b = nn.Linear(2 * width.size, width)"], False),
    ],
)
def test_features_that_may_disagree(rows: list[str], expected: bool) -> None:
    assert may_disagree(tree(init(*rows))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.child = Child(self)"], True),
        (["self.children_ = nn.ModuleList([Child(parent=self)])"], True),
        (["self.layers.append(Child(self))"], True),
        (["self.child.parent = self"], True),
        (["register(self)"], False),
        (["self.child = Child(self.width)"], False),
    ],
)
def test_modules_that_may_store_themselves(rows: list[str], expected: bool) -> None:
    assert may_store_itself(tree(init(*rows))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.fc(x)", "return x"], True),
        (["x.relu()", "return x"], True),
        (["x + y", "return x"], True),
        (["layer = self.fc", "layer(x)", "return x"], True),
        (["self.helper(x)", "return x"], True),
        (["print(x)", "self.seen.append(x)", "return x"], False),
    ],
)
def test_results_that_may_be_dropped(rows: list[str], expected: bool) -> None:
    cls = tree("def helper(self, x):\n    return x + 1", forward(*rows))
    assert may_drop_result(cls, "forward", {"relu"}) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.h = self.cell(x, self.h)", "return self.h"], True),
        (["out, self.h = self.rnn(x, self.h)", "return out"], True),
        (["self.h = self.cell(x, y)", "return x"], False),
        (["return x.split([self.a, self.b], dim=1)"], False),
    ],
)
def test_states_that_may_be_carried(rows: list[str], expected: bool) -> None:
    assert may_carry_state(tree(forward(*rows))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.attn = Attention(width)"], {"Attention"}),
        (["self.attn = nn.ModuleList([Attention(width), Norm(width)])"], {"ModuleList", "Attention", "Norm"}),
        (["self.attn = nn.ModuleList()", "self.attn.append(Attention(width))"], {"ModuleList", "append", "Attention"}),
        (
            ["layers = [Attention(width)]", "layers.append(Norm(width))", "self.attn = layers"],
            {"Attention", "Norm", "append"},
        ),
        (["self.attn = width", "self.other = Attention(width)"], set()),
    ],
)
def test_names_of_the_parts_of_an_attribute(rows: list[str], expected: set[str]) -> None:
    assert names_of_parts(tree(init(*rows)))["attn"] == expected


def test_forward_takes_what_its_helpers_take_here_and_in_a_base() -> None:
    heir = tree(init("self.never = 1"), forward("return super().mix(self.norm(x))"), "def unused(self):\n    self.rest")
    base = tree("def mix(self, x):\n    return self.attn(x) + other.thing")
    assert taken([heir, base]) == {"__init__", "forward", "mix", "norm", "attn"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["out = self.conv(x)", "out + x", "return out"], True),
        (["out = self.conv(x)", "out.add(x)", "return out"], True),
        (["out = self.conv(x)", "out == out + x", "return out"], True),
        (["out = self.conv(x)", "z = out + x", "return out"], True),
        (["out = self.conv(x)", "z, w = out + x, out", "return out"], True),
        (["identity = x", "return self.conv(x)"], True),
        (["return self.conv(x)", "x += y"], True),
        (["if y:", "    return x", "else:", "    return y", "x = y + x", "return x"], True),
        (["if y:", "    return x", "x = y + x", "return x"], False),
        (["out = self.conv(x)", "out += x", "return out"], False),
        (["out = self.conv(x)", "out.add_(x)", "return out"], False),
        (["size, _ = x.shape", "return self.conv(x).view(size)"], False),
    ],
)
def test_sums_that_may_be_lost(rows: list[str], expected: bool) -> None:
    assert may_lose_sum(tree(forward(*rows))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.mean = torch.ones(3)"], True),
        (["self.mean = 2 * torch.ones(3).view(3, 1)"], True),
        (["mean = torch.ones(3)", "self.mean = mean"], True),
        (["self.rest = torch.ones(3)"], False),
        (["self.mean = width", "self.rest = torch.ones(3)"], False),
    ],
)
def test_tensors_that_may_be_kept(rows: list[str], expected: bool) -> None:
    assert may_keep_new_tensor(tree(init(*rows), forward("return x - self.mean")), re.compile("ones")) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["return nn.Linear(2, 2)(x)"], True),
        (["return nn.Linear(2, 2).to(x.device)(x)"], True),
        (["layer = nn.Linear(2, 2)", "return layer(x)"], True),
        (["layer = nn.Linear(2, 2)", "self.layer = layer", "return layer(x)"], False),
        (["return Output(self.conv(x))"], False),
    ],
)
def test_layers_that_may_be_built_to_be_called(rows: list[str], expected: bool) -> None:
    assert may_call_what_it_builds(tree(forward(*rows))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["return F.dropout(x, 0.5)"], True),
        (["return dropout(x)"], True),
        (["return F.dropout(x, training=self.training)"], False),
        (["return self.dropout(x)"], False),
    ],
)
def test_dropouts_that_may_always_be_on(rows: list[str], expected: bool) -> None:
    assert may_drop_always(tree(forward(*rows)), ("dropout",)) is expected


@pytest.mark.parametrize(
    ("default", "expected"),
    [("nn.ReLU()", True), ("[nn.ReLU()]", True), ("[]", True), ("{}", True), ("(3, 3)", False), ("None", False)],
)
def test_defaults_that_may_be_shared(default: str, expected: bool) -> None:
    assert may_share_default(tree(f"def forward(self, x, *, act={default}):\n    return x")) is expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("self.a = nn.Conv2d(3, 3, 1, stride=2)", True),
        ("self.a = nn.Conv2d(3, 3, 1, width)", True),
        ("self.a = nn.Conv2d(3, 3, 1, stride=1)", False),
        ("self.a = nn.Linear(3, 3, 1, 2)", False),
    ],
)
def test_strides_that_may_differ(row: str, expected: bool) -> None:
    assert may_differ_in_stride(tree(init(row), forward("return self.a(x) + self.b(x)"))) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["self.w = nn.Parameter(torch.ones(3)).cuda()"], True),
        (["self.w = 2 * nn.Parameter(torch.ones(3))"], True),
        (["self.w = torch.sigmoid(nn.Parameter(torch.ones(3)))"], True),
        (["w = nn.Parameter(torch.ones(3))", "self.w = w.T"], True),
        (["self.w = nn.Parameter(torch.ones(3))", "self.w = self.w.to(width)"], True),
        (["self.w = nn.Parameter(torch.ones(3).cuda())"], False),
        (["self.w = nn.Parameter(torch.ones(3))", "self.b = torch.ones(3).cuda()"], False),
    ],
)
def test_parameters_that_may_be_cast_away(rows: list[str], expected: bool) -> None:
    assert may_cast_away(tree(init(*rows))) is expected
