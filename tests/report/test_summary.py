"""The last lines of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from nn_lint.config import Settings
from nn_lint.diagnostic import Applicability, Diagnostic, Severity
from nn_lint.report import summary
from tests.report.making import diagnostic, fix

SETTINGS = Settings(Path("/project"))
PLAIN = diagnostic()
WARNING = diagnostic(severity=Severity.WARNING)
SAFE, VERIFIED, UNSAFE = (diagnostic(fix=fix(applicability)) for applicability in Applicability)


def tally(remaining: list[Diagnostic], fixed: list[Diagnostic]) -> summary.Tally:
    result = summary.Tally()
    result.add(remaining, fixed, SETTINGS)
    return result


@pytest.mark.parametrize(
    ("remaining", "fixed", "lines"),
    [
        ([], [], ["All checks passed!"]),
        ([PLAIN], [], ["Found 1 error."]),
        ([PLAIN, PLAIN, SAFE], [], ["Found 3 errors.", "[*] 1 fixable with the --fix option."]),
        ([VERIFIED, SAFE], [], ["Found 2 errors.", "[*] 2 fixable with the --fix option (1 verified in torch)."]),
        ([UNSAFE], [], ["Found 1 error.", "1 fix hidden; the --unsafe-fixes option shows and applies it."]),
        ([UNSAFE] * 2, [], ["Found 2 errors.", "2 fixes hidden; the --unsafe-fixes option shows and applies them."]),
        ([PLAIN], [SAFE, SAFE], ["Found 3 errors (2 fixed, 1 remaining)."]),
        ([VERIFIED], [SAFE], ["Found 2 errors (1 fixed, 1 remaining)."]),
        ([], [SAFE], ["Found 1 error (1 fixed, 0 remaining)."]),
        ([WARNING], [], ["Found 1 warning."]),
        ([WARNING, WARNING, PLAIN], [], ["Found 1 error and 2 warnings."]),
        ([WARNING], [SAFE], ["Found 1 error (1 fixed, 0 remaining) and 1 warning."]),
    ],
)
def test_counts(remaining: list[Diagnostic], fixed: list[Diagnostic], lines: list[str]) -> None:
    assert list(summary.render(tally(remaining, fixed), fixing=bool(fixed))) == lines


def test_counts_of_a_diff() -> None:
    assert list(summary.render_diff(tally([], []), proofs_run=False)) == ["Nothing to fix."]
    assert list(summary.render_diff(tally([VERIFIED], [SAFE]), proofs_run=True)) == ["Would fix 1 error."]
    assert list(summary.render_diff(tally([VERIFIED], [SAFE]), proofs_run=False)) == [
        "Would fix 1 error.",
        "1 more fix must be proven in torch: add --fix.",
    ]


def test_the_list_of_fixes() -> None:
    fixes = summary.FixList()
    fixes.add("clean.py", [])
    assert not list(fixes.render())
    fixes.add("net.py", [SAFE, SAFE])
    assert list(fixes.render()) == ["Fixed 2 errors:", "- net.py:", "    2 × NN101 (missing-super-init)"]
