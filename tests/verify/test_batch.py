"""NN606: an output that depends on the other samples of the batch, and what mixes them on purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nn_lint.verify.verdict import Note, Run
from tests.verify.making import net

IMAGE = "self.conv = nn.Conv2d(3, 8, 3)"
SEQUENCE = "self.a = nn.Linear(4, 4)"
TOLD = {
    "softmax over the batch": (net(IMAGE, "x = self.conv(x)\nreturn F.softmax(x, dim=0)"), 11, "softmax"),
    "a norm over the batch": (
        net("self.conv = nn.Conv1d(4, 8, 3)", "x = self.conv(x)\nreturn F.normalize(x, dim=0)"),
        11,
        "normalize",
    ),
    "the mean of everything": (net(IMAGE, "x = self.conv(x)\nreturn x - x.mean()"), 11, "sub"),
    "the length folded into the batch": (
        net(SEQUENCE, "b, n, c = x.shape\nx = self.a(x)\nreturn F.softmax(x.reshape(n, b, c), dim=0).reshape(b, n, c)"),
        12,
        "reshape",
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_samples_that_meet(run: Callable[..., Run], name: str) -> None:
    text, row, step = TOLD[name]
    message = "in evaluation mode the output of a sample depends on the other samples of the batch"
    assert run(text).notes == (Note("NN606", f"{message}, first in line {row} (`{step}`)", row, False),)


SILENT = {
    "softmax over the channels": net(IMAGE, "return F.softmax(self.conv(x), dim=1)"),
    "batch norm in evaluation mode": net(f"{IMAGE}\nself.norm = nn.BatchNorm2d(8)", "return self.norm(self.conv(x))"),
    "batch norm without running statistics": net(
        f"{IMAGE}\nself.norm = nn.BatchNorm2d(8, track_running_stats=False)", "return self.norm(self.conv(x))"
    ),
    "a criterion": net(IMAGE, "x = self.conv(x)\nreturn x - x.mean()").replace("Net", "PixelLoss"),
    "one value for the whole batch": net(IMAGE, "return self.conv(x).mean()"),
    "rows that may be nodes": net(SEQUENCE, "return F.softmax(self.a(x), dim=0)"),
    "the sequence comes first and is permuted": net(
        "self.conv = nn.Conv1d(8, 8, 3, padding=1)", "return self.conv(x.permute(1, 2, 0)).permute(2, 0, 1)"
    ),
    "the batch comes second": net(SEQUENCE, "n, b, c = x.shape\nreturn F.softmax(self.a(x), dim=0)"),
    "the second size is the batch": net(SEQUENCE, "b = x.shape[1]\nreturn F.softmax(self.a(x), dim=0)"),
    "the sequence comes first": net(
        "self.a = nn.MultiheadAttention(8, 2)", "return self.a(x, x, x, need_weights=False)[0]"
    ),
    "noise": net(IMAGE, "x = self.conv(x)\nreturn x + torch.randn(1)"),
    "in training mode alone": net(IMAGE, "x = self.conv(x)\nif self.training:\n x = x - x.mean()\nreturn x"),
}


@pytest.mark.parametrize("name", SILENT)
def test_samples_that_may_meet(run: Callable[..., Run], name: str) -> None:
    done = run(SILENT[name], "PixelLoss" if name == "a criterion" else "Net")
    assert done.runs, done.line
    assert done.notes == ()
