"""How far a long run has come: a bar on the standard error, for a person who would otherwise wait before nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds before the bar appears."""
_Item = TypeVar("_Item")


class ProgressBar:
    """Counts what goes by; unless it is `watched`, nothing is printed."""

    def __init__(self, total: int, *, watched: bool) -> None:
        self._total = total
        self._began = time.monotonic()
        self._watched = watched
        self._shown: Progress | None = None

    def counted(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """The items, each counted when the next one is asked for."""
        for count, item in enumerate(items, 1):
            yield item
            if self._watched and time.monotonic() - self._began > PATIENCE:
                self._show(count)

    def close(self) -> None:
        """Wipe the bar away before something is printed; the next count draws it again."""
        if self._shown is not None:
            self._shown.stop()

    def _show(self, count: int) -> None:
        if self._shown is None:
            self._shown = _bar(self._total)
        self._shown.start()
        self._shown.update(self._shown.task_ids[0], completed=count)


@contextmanager
def progress_bar(total: int, *, quiet: bool) -> Iterator[ProgressBar]:
    """A bar for so many items, on a terminal and unless quiet."""
    bar = ProgressBar(total, watched=sys.stderr.isatty() and not quiet)
    try:
        yield bar
    finally:
        bar.close()


def _bar(total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
    bar.add_task("", total=total)
    return bar
