"""How far a long run has come: a bar on the standard error, where a person watches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from nn_lint.cli.output import Output

if TYPE_CHECKING:
    from rich.progress import Progress

_Item = TypeVar("_Item")


class ProgressBar:
    """Counts what goes by; without a bar to show it, nothing is printed."""

    def __init__(self, total: int, shown: Progress | None) -> None:
        self._shown = shown
        self._task = None if shown is None else shown.add_task("files", total=total)

    def counted(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """The items, each counted when the next one is asked for."""
        for item in items:
            yield item
            if self._shown is not None and self._task is not None:
                self._shown.advance(self._task)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the bar away while results are printed."""
        if self._shown is None:
            yield
            return
        self._shown.stop()
        yield
        self._shown.start()


@contextmanager
def progress_bar(total: int, output: Output) -> Iterator[ProgressBar]:
    """A bar for so many items, on a terminal and unless quiet."""
    if output.quiet or not sys.stderr.isatty():
        yield ProgressBar(total, None)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        yield ProgressBar(total, shown)
