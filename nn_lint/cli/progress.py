"""A progress bar on the standard error, for a person who would otherwise wait in front of nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from nn_lint.runner import FileReport

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds before the bar appears."""


def with_progress(reports: Iterable[FileReport], total: int) -> Iterator[FileReport]:
    """The reports as they come; the bar steps aside for those that have something to say."""
    if not sys.stderr.isatty():
        yield from reports
        return
    began = time.monotonic()
    bar: Progress | None = None
    with ExitStack() as stack:
        for count, report in enumerate(reports, 1):
            if bar is not None and (report.diagnostics or report.failure or report.fixed):
                bar.stop()
            yield report
            if bar is None and time.monotonic() - began > PATIENCE:
                bar = _bar(total)
                stack.callback(bar.stop)
            if bar is not None:
                bar.start()
                bar.update(bar.task_ids[0], completed=count)


def _bar(total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
    bar.add_task("", total=total)
    return bar
