"""Weights that do not fit in memory: the class runs on the meta device, and the verdict says so."""

from __future__ import annotations

from collections.abc import Callable

from nn_lint.report.verification import verdict
from nn_lint.verify.verdict import Run, Stage
from tests.verify.making import net

HUGE = "self.a, self.b = nn.Linear(200_000, 200_000), nn.Linear(200_000, {})"


def test_shapes_of_what_does_not_fit(run: Callable[..., Run]) -> None:
    done = run(net(HUGE.format(4), "return self.b(self.a(x))"))
    assert done.shapes_only and verdict(done) == "runs (meta device: shapes only)"
    assert (done.input_shapes, done.output_shapes) == (((2, 200_000),), ((2, 4),))
    assert done.parameters == 200_000 * 200_005 + 4


def test_code_that_asks_for_values_stays_unverified(run: Callable[..., Run]) -> None:
    done = run(net(HUGE.format(4), "return x if self.a(x).sum().item() > 0 else self.b(x)"))
    assert not done.runs and done.error is not None and done.error.stage is Stage.LIMIT and done.error.ours


def test_what_fits_is_run_with_values(run: Callable[..., Run]) -> None:
    assert not run(net("self.a = nn.Linear(4, 4)", "return self.a(x)")).shapes_only
