"""NN607: outputs that differ between the modes without a reason, and dropout that evaluation mode does not end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nn_lint.verify.verdict import Note, Run
from tests.verify.making import LINEAR, net

SWITCH = "def train(self, mode=True):\n self.k = {} if mode else 2.0\n return super().train(mode)"


def test_a_switch_that_changes_the_output(run: Callable[..., Run]) -> None:
    text = net(f"self.k = 1.0\n{LINEAR}", "return self.a(x) * self.k", SWITCH.format("1.0"))
    message = "`train()` and `eval()` give different outputs, though no layer and no line depends on the mode"
    assert run(text).notes == (Note("NN607", message, 12, True),)


def test_dropout_that_stays_on(run: Callable[..., Run]) -> None:
    message = "dropout stays on in evaluation mode (line 10): `eval()` does not reach it"
    assert run(net(LINEAR, "return F.dropout(self.a(x), 0.5)")).notes == (Note("NN607", message, 10, False),)


def test_dropout_in_a_plain_list(run: Callable[..., Run]) -> None:
    (note,) = run(net(f"{LINEAR}\nself.d = [nn.Dropout(0.5)]", "return self.d[0](self.a(x))")).notes
    assert note.code == "NN607" and note.row == 11


SILENT = {
    "dropout": net(f"{LINEAR}\nself.d = nn.Dropout(0.5)", "return self.d(self.a(x))"),
    "batch norm": net(f"{LINEAR}\nself.d = nn.BatchNorm1d(4)", "return self.d(self.a(x))"),
    "spectral norm": net("self.a = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))", "return self.a(x)"),
    "spectral norm by a hook": net("self.a = nn.utils.spectral_norm(nn.Linear(4, 4))", "return self.a(x)"),
    "the mode is asked for": net(LINEAR, "x = self.a(x)\nreturn x * 2 if self.training else x"),
    "a switch that changes nothing": net(f"self.k = 2.0\n{LINEAR}", "return self.a(x) * self.k", SWITCH.format("2.0")),
    "noise in both modes": net(LINEAR, "x = self.a(x)\nreturn x + torch.randn_like(x)"),
    "dropout that follows the mode": net(LINEAR, "return F.dropout(self.a(x), 0.5, self.training)"),
    "dropout that is to stay on": net(LINEAR, "return F.dropout(self.a(x), 0.5, training=True)"),
    "dropout of nothing": net(LINEAR, "return F.dropout(self.a(x), 0.0)"),
}


@pytest.mark.parametrize("name", SILENT)
def test_modes_that_may_differ(run: Callable[..., Run], name: str) -> None:
    done = run(SILENT[name])
    assert done.runs, done.line
    assert done.notes == ()
