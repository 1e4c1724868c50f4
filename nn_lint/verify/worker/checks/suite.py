"""All checks of a class that ran, within a time of their own."""

from __future__ import annotations

import time
from typing import Callable, Iterator, List, Tuple

from ..answers import Progress, count
from ..attempt import Failure, OutOfTime, attempt_briefly
from ..protocol import Message
from . import batch, exporting, finite, modes, untrained
from .checked import Checked

CHECKS: Tuple[Callable[[Checked], Iterator[Message]], ...] = (untrained.check, finite.check, modes.check, batch.check)
SECONDS = 10.0
EXPORT_SECONDS = 40.0


def notes(progress: Progress, *, export: bool) -> List[Message]:
    """What the checks have to say. One that fails, or that finds no time any more, says nothing."""
    if progress.target is None or progress.arguments is None or progress.model is None:
        return []
    size = count(progress.model) or 0
    checked = Checked(progress.target, progress.arguments, progress.specs, progress.output, size)
    found: List[Message] = []
    end = time.monotonic() + SECONDS
    try:
        for check in CHECKS:
            found.extend(said(check, checked, end - time.monotonic()))
        found.extend(said(exporting.check, checked, EXPORT_SECONDS) if export else ())
    except OutOfTime:
        return found
    return found


def said(check: Callable[[Checked], Iterator[Message]], checked: Checked, seconds: float) -> List[Message]:
    """What one check says."""
    if seconds <= 0:
        return []
    outcome = attempt_briefly(lambda: list(check(checked)), seconds)
    return [] if isinstance(outcome, Failure) else outcome.value
