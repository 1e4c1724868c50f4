"""NN608: values that are not finite in a fresh module, and parameters that nobody fills."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nn_lint.verify.verdict import Note, Run
from tests.verify.making import LINEAR, net

EMPTY = f"{LINEAR}\nself.s = nn.Parameter(torch.empty(4))"
USES = "return self.a(x) * self.s"


@pytest.mark.parametrize(
    ("forward", "step"), [("return torch.sqrt(self.a(x))", "sqrt"), ("return self.a(x).log()", "log")]
)
def test_roots_and_logarithms_of_negative_values(run: Callable[..., Run], forward: str, step: str) -> None:
    message = f"a fresh module gives NaN for ordinary input from `{step}` in line 10"
    assert run(net(LINEAR, forward)).notes == (Note("NN608", message, 10, True),)


def test_the_layer_is_named(run: Callable[..., Run]) -> None:
    text = net(LINEAR, "return self.a(x) ** 0.3").replace("Net", "Root") + net(
        "self.body = nn.Sequential(Root(), nn.Linear(4, 2))", "return self.body(x)"
    )
    (note,) = run(text).notes
    assert (
        note.message == "a fresh module gives NaN for ordinary input from `pow` in line 10, the first in layer `body.0`"
    )


def test_a_parameter_that_is_never_filled(run: Callable[..., Run]) -> None:
    message = "parameter `s` is never filled: it holds whatever was in memory (`torch.empty`)"
    assert run(net(EMPTY, USES)).notes == (Note("NN608", message, 9, False),)


SILENT = {
    "the input may have to be positive": net(LINEAR, "return self.a(torch.sqrt(x))"),
    "minus infinity is a mask": net(LINEAR, "y = self.a(x)\nreturn y.masked_fill(y < 0, float('-inf'))"),
    "filled in the constructor": net(f"{EMPTY}\nnn.init.ones_(self.s)", USES),
    "filled by a method": net(
        f"{EMPTY}\nself.reset_parameters()", USES, "def reset_parameters(self):\n nn.init.ones_(self.s)"
    ),
    "filled by a method that others call": net(EMPTY, USES, "def init_weights(self):\n nn.init.ones_(self.s)"),
    "filled by its holder": net(EMPTY, USES) + "def fill(model): nn.init.ones_(model.s)\n",
    "filled by its kind": net(EMPTY, USES)
    + "def fill(m):\n if isinstance(m, Net): [p.data.zero_() for p in m.parameters()]\n",
    "empty and not used": net(EMPTY, "return self.a(x)", "def other(self):\n return self.s"),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_may_be_meant(run: Callable[..., Run], name: str) -> None:
    done = run(SILENT[name])
    assert done.runs, done.line
    assert done.notes == ()
