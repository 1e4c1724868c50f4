"""What a forward computes: every way in which the input comes back, and every way in which it rightly does not."""

from __future__ import annotations

import pytest

from nn_lint.model.residual.evidence import straight_chain
from nn_lint.model.values import Kind

from .modules import block, is_straight, merges, model_of, residual_sums

RESIDUAL = {
    "plus": "return x + self.conv2(self.relu(self.conv1(x)))",
    "plus, turned": "return self.conv1(x) + x",
    "in place": "out = self.conv1(x)\nout += x\nreturn out",
    "alias": "identity = x\nout = self.conv1(x)\nout = out + identity\nreturn F.relu(out)",
    "overwritten": "identity = x\nx = self.conv1(x)\nx = self.conv2(x)\nx = x + identity\nreturn x",
    "torch.add": "return torch.add(self.conv1(x), x)",
    "torch.add, scaled": "return torch.add(x, self.conv1(x), alpha=0.5)",
    ".add": "return self.conv1(x).add(x)",
    ".add_": "out = self.conv1(x)\nout.add_(x)\nout = out.add_(x)\nreturn out",
    "lerp": "return torch.lerp(x, self.conv1(x), 0.5)",
    ".lerp": "return x.lerp(self.conv1(x), 0.5)",
    "addcmul": "return torch.addcmul(x, self.gamma, self.conv1(x))",
    "FloatFunctional": "return self.quantised.add(self.conv1(x), x)",
    "FloatFunctional with activation": "return self.quantised.add_relu(self.conv1(x), x)",
    "sum of a list": "return sum([x, self.conv1(x)])",
    "scaled": "return x + self.gamma * self.conv1(x)",
    "scaled by a constant": "return 0.5 * x + self.conv1(x) * 0.1",
    "gated": "return x + torch.sigmoid(self.fc(x)) * self.conv1(x)",
    "dropped path": "return x + drop_path(self.conv1(x), 0.1)",
    "dropout": "return x + F.dropout(self.conv1(x), 0.1, self.training)",
    "conditional": "out = self.conv1(x)\nif self.use:\n    out = out + x\nreturn out",
    "conditional, both ways": "if self.use:\n    return x + self.conv1(x)\nreturn self.conv1(x)",
    "conditional expression": "out = self.conv1(x)\nreturn out + x if self.use else out",
    "early return": "if self.skip:\n    return x\nreturn x + self.conv1(x)",
    "intermediate": "h = self.conv1(x)\nreturn h + self.conv2(h)",
    "tuple": "return x + self.conv1(x), None",
    "dict": "out = x + self.conv1(x)\nreturn {'out': out}",
    "projected": "return self.conv2(self.conv1(x)) + self.conv3(x)",
    "reshaped": "return self.conv1(x).flatten(1) + x.reshape(8, -1)",
    "resized": "return self.conv2(self.conv1(x)) + F.interpolate(x, size=x.shape[2:])",
    "loop": "for layer in self.layers:\n    x = x + layer(x)\nreturn x",
    "loop in place": "for layer in self.layers:\n    x += layer(x)\nreturn x",
    "nested function": "def run(y):\n    return y + self.conv1(y)\nreturn run(x)",
    "lambda": "run = lambda y: y + self.conv1(y)\nreturn run(x)",
    "checkpoint": "def run(y):\n    return y + self.conv1(y)\nreturn checkpoint(run, x)",
    "checkpoint of a branch": "return x + checkpoint(self.conv1, x)",
    "try": "try:\n    out = x + self.conv1(x)\nexcept RuntimeError:\n    out = self.conv1(x)\nreturn out",
    "with": "with torch.no_grad():\n    out = self.conv1(x)\nreturn out + x",
    "named expression": "return (out := self.conv1(x)) + x",
    "annotated": "out: object = self.conv1(x) + x\nreturn out",
    "tuple assignment": "a, b = x, self.conv1(x)\nreturn a + b",
    "list item": "parts = [x, self.conv1(x)]\nreturn parts[0] + parts[1]",
    "list that grows": "parts = []\nparts.append(x)\nparts.append(self.conv1(x))\nreturn sum(parts)",
    "difference": "return x - self.conv1(x)",
}

NO_SUM_BUT_MERGE = {
    "concatenation": "return torch.cat([x, self.conv1(x)], 1)",
    "concatenation of a tuple": "return torch.cat((x, self.conv1(x)), dim=1)",
    "sum of a stack": "return torch.stack([x, self.conv1(x)]).sum(0)",
    "product": "return x * self.conv1(x)",
    "squeeze and excitation": "return x * torch.sigmoid(self.fc(x.mean((2, 3))))",
    "product in place": "out = self.conv1(x)\nout *= x\nreturn out",
    "matmul": "return torch.matmul(self.fc(x), self.fc(x).transpose(1, 2))",
    "operator @": "return self.fc(x) @ self.conv1(x)",
    "where": "return torch.where(self.mask, x, self.conv1(x))",
    "maximum": "return torch.maximum(self.conv1(x), self.conv2(x))",
    "parallel": "return self.conv1(x) + self.conv2(x)",
    "an unknown function of both": "return fused(x, self.conv1(x))",
    "a submodule of both": "return self.quantised(x, self.conv1(x))",
}

NEITHER = {
    "straight": "return self.conv2(self.relu(self.conv1(x)))",
    "straight, rebound": "x = self.conv1(x)\nx = F.relu(x)\nx = self.conv2(x)\nreturn x",
    "straight, methods": "return self.conv1(x).relu().contiguous().view(x.size(0), -1)",
    "straight, loop": "for layer in (self.conv1, self.conv2):\n    pass\nreturn self.conv1(x)",
    "bias": "return self.conv1(x) + self.gamma",
    "constant": "return self.conv1(x) + 1e-6",
    "size": "return self.conv1(x) + x.size(0)",
    "like": "return self.conv1(x) + torch.zeros_like(x)",
    "dead alias": "identity = x\nout = self.conv1(x)\nreturn self.conv2(out)",
}


@pytest.mark.parametrize("name", RESIDUAL)
def test_the_input_comes_back(name: str) -> None:
    cls = block(RESIDUAL[name])
    assert merges(cls)
    assert not is_straight(cls)
    assert residual_sums(cls)


@pytest.mark.parametrize("name", NO_SUM_BUT_MERGE)
def test_values_of_the_input_meet_in_no_residual_sum(name: str) -> None:
    cls = block(NO_SUM_BUT_MERGE[name])
    assert merges(cls)
    assert not is_straight(cls)
    assert not residual_sums(cls)


@pytest.mark.parametrize("name", NEITHER)
def test_nothing_meets(name: str) -> None:
    cls = block(NEITHER[name])
    assert not merges(cls)
    assert not residual_sums(cls)
    assert is_straight(cls)


@pytest.mark.parametrize(
    ("forward", "members"),
    [
        ("return self._add(x, self.conv1(x))", "def _add(self, a, b):\n    return a + b"),
        ("return self._add(b=x, a=self.conv1(x))", "def _add(self, a, b):\n    return a + b"),
        ("return self._run(x)", "def _run(self, y):\n    out = self.conv1(y)\n    return out + y"),
        (
            "return self._run(x)",
            "def _run(self, y):\n    return self._deeper(y)\ndef _deeper(self, z):\n    return z + self.conv1(z)",
        ),
        ("return checkpoint(self._run, x)", "def _run(self, y):\n    return y + self.conv1(y)"),
        ("return self._add(x, self.conv1(x))", "@staticmethod\ndef _add(a, b):\n    return a + b"),
        ("return super().forward(x)", ""),
    ],
)
def test_the_input_comes_back_in_a_helper(forward: str, members: str) -> None:
    cls = block(forward, members, base="Adding")
    assert merges(cls)
    assert not is_straight(cls)
    assert residual_sums(cls)


@pytest.mark.parametrize(
    ("signature", "forward"),
    [
        ("self, x, skip", "return self.conv1(x) + skip"),
        ("self, x, *, skip", "return self.conv1(x) + skip"),
        ("self, x, skip=None", "out = self.conv1(x)\nif skip is not None:\n    out = out + skip\nreturn out"),
        ("self, *xs", "return self.conv1(xs[0]) + xs[1]"),
        ("self, x, **others", "return self.conv1(x) + others['skip']"),
        ("self, inputs", "x, skip = inputs\nreturn self.conv1(x) + skip"),
    ],
)
def test_separate_inputs_meet(signature: str, forward: str) -> None:
    assert not is_straight(block(forward, signature=signature))


def test_a_function_of_the_file_is_not_looked_past() -> None:
    cls = block("return add_both(x, self.conv1(x))")
    assert merges(cls)
    assert not is_straight(cls)


def test_a_sum_of_a_value_with_itself_is_not_residual() -> None:
    for forward in ("x = self.conv1(x)\nx += x\nreturn x", "x = self.conv1(x)\nreturn x + x"):
        assert not residual_sums(block(forward))


def test_steps_and_layers_of_a_chain() -> None:
    cls = block("x = F.relu(self.conv1(x))\nx = x.contiguous()\nreturn self.relu(self.conv2(x))")
    chain = straight_chain(cls)
    assert chain is not None
    assert [value.name for value in chain.steps] == ["conv1", "relu", "contiguous", "conv2", "relu"]
    assert [layer.torch_name for layer in chain.layers] == ["Conv2d", "Conv2d", "ReLU"]
    assert len(chain.weighted) == 2
    assert chain.is_plain


@pytest.mark.parametrize("forward", ["return x", "y = x\nreturn y", "return None", "return", "pass"])
def test_a_forward_without_steps_has_no_chain(forward: str) -> None:
    assert straight_chain(block(forward)) is None


def test_what_is_never_reached_and_what_is_dropped() -> None:
    flow = block("out = self.conv1(x)\nout + x\nreturn out\nout += x").flow
    assert flow is not None
    assert [value.kind for _, value in flow.discarded] == [Kind.ADD]
    assert len(flow.unreachable) == 1
    assert [name for name, _, _ in flow.bound] == ["out"]


def test_recursion_comes_to_an_end() -> None:
    cls = block("return self._again(x)", "def _again(self, x):\n    return self._again(self.conv1(x))")
    assert cls.flow is not None
    assert block("def run(y):\n    return run(y)\nreturn run(x)").flow is not None
    assert model_of(
        "from torch import nn\nclass Block(nn.Module):\n    def forward(self, x):\n        return self.forward(x)\n"
    ).flow
