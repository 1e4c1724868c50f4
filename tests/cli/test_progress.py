"""The progress bar: for a person who waits, and for nobody else."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator

import pytest

from nn_lint.cli import progress
from nn_lint.runner.reports import FileReport


class Terminal(io.StringIO):
    """A standard error that a person looks at."""

    def isatty(self) -> bool:
        return True


def reports(seconds: float) -> Iterator[FileReport]:
    """Three reports, the second late, the last one about a failure."""
    yield FileReport("a.py", ())
    time.sleep(seconds)
    yield FileReport("b.py", ())
    yield FileReport("c.py", (), failure="cannot be read")


def shown(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float, *, quiet: bool = False
) -> list[tuple[str, str]]:
    """Each report's file, and what stood on the standard error when it came."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    seen = []
    with progress.progress_bar(3, quiet=quiet) as bar:
        for report in bar.counted(reports(seconds)):
            if report.failure:
                bar.close()
            seen.append((report.filename, stream.getvalue()))
    return seen


def test_a_long_run_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    (first, _), (second, before), (third, after) = shown(monkeypatch, Terminal(), 0.1)
    assert (first, second, third) == ("a.py", "b.py", "c.py")
    assert before == ""
    assert "Checking" in after
    assert after.endswith("\x1b[2K"), "the bar is wiped away before something is printed"


def test_a_short_run_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    assert len(shown(monkeypatch, stream, 0)) == 3
    assert stream.getvalue() == ""


def test_without_a_terminal_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    assert len(shown(monkeypatch, stream, 0.1)) == 3
    assert stream.getvalue() == ""


def test_a_quiet_run_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    assert len(shown(monkeypatch, stream, 0.1, quiet=True)) == 3
    assert stream.getvalue() == ""
