"""The gradient at the first layer: which layer that is, the norm, and both before and after a repair."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nn_lint.config import VerifySettings
from nn_lint.verify.verdict import Gradient, Subject, gradients_text
from nn_lint.verify.verifier import Verifier

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def measuring() -> Iterator[Verifier]:
    """A verifier that measures gradients."""
    with Verifier(Path(sys.executable), VerifySettings(timeout=30.0, gradients=True)) as running:
        yield running


@pytest.fixture
def gradient(measuring: Verifier, subject: Callable[..., Subject]) -> Callable[[str, str], Gradient | None]:
    """What reaches the first layer of a class with these constructor lines and this result."""

    def measure(init: str, result: str) -> Gradient | None:
        lines = "".join(f"  {line}\n" for line in ("super().__init__()", *init.splitlines()))
        text = f"class Net(nn.Module):\n def __init__(self):\n{lines} def forward(self, x):\n  return {result}\n"
        run = measuring.run(subject(text))
        assert run.runs, run
        return run.gradient

    return measure


Measure = Callable[[str, str], Gradient | None]


def test_the_norm_is_that_of_the_mean_square_for_a_fixed_seed(gradient: Measure) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(4, 3)
    torch.manual_seed(0)
    layer(torch.randn(2, 4)).square().mean().backward()
    wanted = (layer.weight.grad.square().sum() + layer.bias.grad.square().sum()).sqrt().item()
    found = gradient("self.fc = nn.Linear(4, 3)", "self.fc(x)")
    assert found is not None and found.layer == "fc"
    assert found.norm == found.training == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("init", "result", "layer"),
    [
        ("self.late, self.early = nn.Linear(4, 4), nn.Linear(4, 4)", "self.late(self.early(x))", "early"),
        ("self.body = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 4, 3))", "self.body(x)", "body.1"),
        ("self.rnn = nn.LSTM(4, 4, batch_first=True)", "self.rnn(x)", "rnn"),
        ("self.attn = nn.MultiheadAttention(4, 2, batch_first=True)", "self.attn(x, x, x)[0]", "attn"),
        ("self.table, self.fc = nn.Embedding(9, 4), nn.Linear(4, 4)", "self.fc(self.table(x))", "table"),
        (
            "self.fc = nn.Linear(4, 4)\nself.scale = nn.Parameter(torch.ones(4))",
            "self.fc(x * self.scale.view(1, 4))",
            "scale",
        ),
        (
            "self.fc = nn.Linear(4, 4)\nself.scale = nn.Parameter(torch.ones(4))",
            "self.fc(x[:, : self.scale.shape[0]])",
            "fc",
        ),
        (
            "self.frozen = nn.Linear(4, 4).requires_grad_(False)\nself.fc = nn.Linear(4, 4)",
            "self.fc(self.frozen(x))",
            "fc",
        ),
    ],
)
def test_the_first_layer_is_the_first_that_is_used(gradient: Measure, init: str, result: str, layer: str) -> None:
    found = gradient(init, result)
    assert found is not None
    assert found.layer == layer
    assert found.norm > 0


@pytest.mark.parametrize(
    ("init", "result"),
    [
        ("self.act = nn.ReLU()", "self.act(x)"),
        ("self.fc = nn.Linear(4, 4).requires_grad_(False)", "self.fc(x)"),
        ("self.fc = nn.Linear(4, 4)", "self.fc(x).argmax(-1)"),
    ],
)
def test_what_cannot_be_trained_has_none(gradient: Measure, init: str, result: str) -> None:
    assert gradient(init, result) is None


def test_a_detached_first_layer_gets_nothing(gradient: Measure) -> None:
    found = gradient("self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)", "self.b(self.a(x).detach())")
    assert found is not None
    assert (found.layer, found.norm, found.training) == ("a", 0.0, 0.0)


def test_a_batch_norm_counts_in_training_mode(gradient: Measure) -> None:
    found = gradient("self.fc = nn.Linear(4, 4)\nself.bn = nn.BatchNorm1d(4)", "self.bn(self.fc(x)).relu()")
    assert found is not None and found.training is not None
    assert found.training != pytest.approx(found.norm)


def test_a_module_that_cannot_run_in_training_mode(gradient: Measure) -> None:
    found = gradient("self.fc = nn.Linear(4, 4)", "self.fc(x) if not self.training else self.loss(x)")
    assert found is not None
    assert found.training is None


def test_it_is_measured_only_where_it_is_asked_for_and_the_class_runs(
    verifier: Verifier, measuring: Verifier, subject: Callable[..., Subject]
) -> None:
    text = (
        "class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n  self.a = nn.Linear(4, 4)\n"
        " def forward(self, x): return self.{}(x)\n"
    )
    assert verifier.run(subject(text.format("a"))).gradient is None
    assert measuring.run(subject(text.format("b"))).gradient is None


DEEP = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(20))

    def forward(self, x):
        for layer in self.layers:
            x = {}
        return x
"""


def test_before_and_after_a_repair(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    texts = [subject(DEEP.format(step)) for step in ("layer(x).tanh()", "x + layer(x).tanh()")]
    verdict = verifier.compare(*texts, residual=False, gradients=True)
    assert verdict.before is not None
    before, after = verdict.before.gradient, verdict.after.gradient
    assert before is not None and after is not None
    assert before.layer == after.layer == "layers.0"
    assert before.norm < after.norm / 1e6
    assert verdict.line == (
        "Net: constructs, forward (2, 8) -> (2, 8), "
        f"gradient that reaches the first layer {before.norm:.1e} -> {after.norm:.1e}"
    )


def test_both_are_measured_with_the_same_weights(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    text = DEEP.replace("self.layers =", "{}self.layers =").format("{}", "layer(x)")
    texts = [subject(text.format(line)) for line in ("", "self.other = nn.Linear(8, 8); ")]
    verdict = verifier.compare(*texts, residual=False, gradients=True)
    assert verdict.before is not None and verdict.before.gradient is not None
    assert verdict.before.gradient == verdict.after.gradient


def test_gradients_as_text() -> None:
    alike = Gradient("fc", 3.14e-7, 3.14e-7)
    assert gradients_text(alike) == "3.1e-07"
    assert gradients_text(Gradient("fc", 0.5, None)) == "5.0e-01"
    assert gradients_text(alike, Gradient("fc", 2.0, 4.0)) == "3.1e-07 -> 2.0e+00 (in training mode 3.1e-07 -> 4.0e+00)"
