"""The residual proof of blocks that failed, or overwrote their input, before the repair."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nn_lint.verify.verdict import Level, Subject
from nn_lint.verify.verifier import Verifier

DOWN = """
class Net(nn.Module):
    def __init__(self, ch=8):
        super().__init__()
        self.conv = nn.Conv2d(ch, ch, 3, stride=2, padding=1)
        {init}

    def forward(self, x):
        return self.conv(x) + {term}
"""
BLOCK = """
class Net(nn.Module):
    def __init__(self, dim=8, out_dim=8, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(dim, out_dim, 3, stride, 1)
        {init}

    def forward(self, x):
        return self.conv(x) + {term}
"""
PROJECTION = (
    "self.shortcut = nn.Identity() if stride == 1 and dim == out_dim else "
    "nn.Conv2d(dim, out_dim, 1, stride, bias=False)"
)
IN_PLACE = """
class Net(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.relu = nn.ReLU(inplace={inplace})
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        return {result}
"""


def test_a_block_that_never_ran_before(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    before = subject(DOWN.format(init="pass", term="x"))
    after = subject(DOWN.format(init="self.shortcut = nn.Conv2d(ch, ch, 1, 2, bias=False)", term="self.shortcut(x)"))
    verdict = verifier.compare(before, after, residual=True)
    assert verdict.residual is not None and verdict.residual.holds, verdict.residual
    assert verdict.level is Level.RUNS


def test_a_repair_that_only_makes_it_run_is_refused(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    before = subject(DOWN.format(init="pass", term="x"))
    after = subject(DOWN.format(init="pass", term="self.conv(x)"))
    verdict = verifier.compare(before, after, residual=True)
    assert verdict.residual is not None and not verdict.residual.holds
    assert verdict.residual.reason


def test_a_block_that_failed_at_its_other_strides(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    before, after = (
        subject(BLOCK.format(init=init, term=term))
        for init, term in (
            ("pass", "x"),
            (PROJECTION, "self.shortcut(x)"),
        )
    )
    verdict = verifier.compare(before, after, residual=True)
    assert verdict.residual is not None and verdict.residual.holds, verdict.residual
    assert {"stride 1", "stride 2"} <= {label.partition(" from ")[0] for label in verdict.residual.variants}
    unchanged = verifier.compare(before, before, residual=True)
    assert unchanged.residual is not None and not unchanged.residual.holds


@pytest.mark.parametrize("result", ["x + self.fc(self.relu(x))", "self.fc(self.relu(x)) + x"])
def test_an_input_that_was_overwritten(verifier: Verifier, subject: Callable[..., Subject], result: str) -> None:
    before, after = (subject(IN_PLACE.format(inplace=inplace, result=result)) for inplace in ("True", "False"))
    verdict = verifier.compare(before, after, residual=True)
    assert verdict.residual is not None and verdict.residual.holds, verdict.residual
    for text in (before, after):
        unchanged = verifier.compare(text, text, residual=True)
        assert unchanged.residual is not None and not unchanged.residual.holds
