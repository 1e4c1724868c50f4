"""The table of `nn-lint verify`, and its failures."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

from nn_lint.report import verification, verification_html, verification_json
from nn_lint.verify.verdict import Gradient, Note, Run, RunError, Stage
from tests.report.making import diagnostic

RUNS = Run("Net", True, True, "64, 10", "", "", ((2, 64),), ((2, 10),), 1234567)
FAILS = Run(
    "Outer.Inner",
    True,
    False,
    "",
    "",
    "",
    ((2, 3),),
    error=RunError(Stage.FORWARD, "RuntimeError", "mat1\nby mat2", 7, False),
)
UNKNOWN = Run("Odd", False, False, error=RunError(Stage.LOAD, "ModuleNotFoundError", "", None, True))
ALL = [RUNS, FAILS, UNKNOWN]
SURE = Note("NN604", "`b` (Linear) gets no gradient: nothing uses it", 9, True)
OPEN = Note("NN606", "samples meet", None, False)
NOTED = replace(RUNS, notes=(SURE, OPEN))


def test_one_row_a_class() -> None:
    header, *rows = verification.table(ALL).splitlines()
    assert header.split() == ["class", "arguments", "inputs", "outputs", "parameters", "verdict"]
    assert [re.split(r"\s{2,}", row) for row in rows] == [
        ["Net", "(64, 10)", "(2, 64)", "(2, 10)", "1,234,567", "runs"],
        ["Outer.Inner", "()", "(2, 3)", "fails (forward)"],
        ["Odd", "unverified (load)"],
    ]


def test_gradients_have_a_column_where_they_are_asked_for() -> None:
    runs = [replace(RUNS, gradient=Gradient("stem.0", 3.1e-7, 0.24)), FAILS]
    header, *rows = verification.table(runs, gradients=True).splitlines()
    assert header.endswith("gradient at the first layer")
    assert rows[0].endswith("stem.0: 3.1e-07 (in training mode 2.4e-01)")
    assert rows[1].endswith("fails (forward)")


def test_a_terminal_gets_colours_within_its_width() -> None:
    text = verification.table(ALL, colour=True, width=70)
    assert "\x1b[32m" in text and "\x1b[31m" in text and "\x1b[33m" in text
    assert max(map(len, re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())) <= 70


def test_markup_in_arguments_is_text() -> None:
    assert "[red]" in verification.table([Run("Net", True, True, "'[red]'")])


def test_failures_name_the_line_of_the_user() -> None:
    assert list(verification.failures("net.py", ALL)) == [
        "net.py:7: NN602 Outer.Inner: RuntimeError: mat1 by mat2",
        "net.py: Odd: ModuleNotFoundError",
    ]


def test_only_faults_of_the_class_count_as_faults() -> None:
    assert [verification.is_fault(run) for run in ALL] == [False, True, False]
    assert verification.count(ALL) == "3 classes: 1 run, 1 fail, 1 unverified."
    assert verification.count([RUNS]) == "1 class: 1 run, 0 fail, 0 unverified."


def test_a_rejected_fix_is_told_with_its_reason() -> None:
    assert verification.rejection(diagnostic(), "the input does not arrive") == (
        "src/net.py:3:9: NN101 fix not applied: the input does not arrive"
    )


def test_missing_packages_are_named_once() -> None:
    error = RunError(Stage.CONSTRUCT, "MissingPackage", "einops.x is needed: No module named 'einops'", None, True)
    runs = [Run(name, False, False, error=error) for name in ("A", "B")]
    assert verification.missing(runs) == "Not installed, but needed by unverified classes: einops (2)."
    assert verification.missing([]) == ""


def test_notes_name_the_line_and_what_may_be_meant() -> None:
    assert list(verification.notes("net.py", [RUNS, NOTED])) == [
        "net.py:9: NN604 Net: `b` (Linear) gets no gradient: nothing uses it",
        "net.py: NN606 Net: samples meet (may be meant)",
    ]


def test_notes_are_counted_in_the_verdict_and_in_the_last_line() -> None:
    assert verification.verdict(NOTED) == "runs, 2 notes"
    assert verification.count([NOTED, FAILS]) == "2 classes: 1 run, 1 fail, 0 unverified; 2 notes."
    assert verification.count([replace(RUNS, notes=(OPEN,))]) == "1 class: 1 run, 0 fail, 0 unverified; 1 note."
    assert "\x1b[33m" in verification.table([NOTED], colour=True)


def test_notes_are_no_findings_but_an_export_that_was_asked_for_is() -> None:
    assert not verification.is_finding(NOTED)
    assert verification.is_finding(FAILS)
    assert verification.is_finding(replace(RUNS, notes=(Note("NN609", "torch.export fails", None, True),)))


def test_checks_that_were_cut_short_are_told() -> None:
    assert verification.unfinished([RUNS]) == ""
    cut = replace(RUNS, unfinished=("modes", "batch"))
    assert verification.unfinished([RUNS, cut]) == "Checks cut short by their time limit: 1 class."


def test_shapes_only_is_a_verdict() -> None:
    assert verification.verdict(replace(RUNS, shapes_only=True)) == "runs (meta device: shapes only)"


def test_notes_in_json_and_html() -> None:
    record = json.loads(verification_json.render([(Path("net.py"), [NOTED])]))[0]
    assert record["notes"] == [
        {**asdict(SURE), "name": "parameter-without-gradient"},
        {**asdict(OPEN), "name": "batch-dependence"},
    ]
    page = verification_html.render([(Path("net.py"), [NOTED])])
    assert '<p class="note"><code>net.py:9</code> NN604 Net: `b` (Linear) gets no gradient' in page
    assert '<td class="note">runs, 2 notes</td>' in page
