"""All checks of a class that ran, within processor time of their own."""

from __future__ import annotations

import time
from typing import Callable, Iterator, List, Optional, Tuple

from ..answers import Progress, count
from ..attempt import Failure, OutOfTime, attempt_briefly
from ..protocol import Message
from . import batch, exporting, finite, modes, untrained
from .checked import Checked

Check = Callable[[Checked], Iterator[Message]]
CHECKS: Tuple[Tuple[str, Check], ...] = (
    ("gradients", untrained.check),
    ("values", finite.check),
    ("modes", modes.check),
    ("batch", batch.check),
)
EXPORT: Tuple[Tuple[str, Check], ...] = (("export", exporting.check),)
SECONDS = 8.0
EXPORT_SECONDS = 30.0
WAITING = 3  # on a machine that is busy with other work, a second of the processor takes longer


def look(progress: Progress, *, export: bool) -> Message:
    """`notes`: what the checks have to say; `unfinished`: the names of those that found no time, or that failed."""
    answer: Message = {"notes": [], "unfinished": []}
    if progress.target is None or progress.arguments is None or progress.model is None:
        return answer
    size = count(progress.model) or 0
    progress.model = None  # the checks make models of their own, and two heavy ones may not fit
    checked = Checked(progress.target, progress.arguments, progress.specs, progress.output, size)
    for checks, seconds in ((CHECKS, SECONDS), (EXPORT if export else (), EXPORT_SECONDS)):
        end = time.process_time() + seconds
        for name, check in checks:
            found = said(check, checked, WAITING * (end - time.process_time()))
            answer["notes"].extend(found or ())
            answer["unfinished"].extend([name] if found is None else ())
    return answer


def said(check: Check, checked: Checked, seconds: float) -> Optional[List[Message]]:
    """What one check says; None where it comes to no end."""
    if seconds <= 0:
        return None
    try:
        outcome = attempt_briefly(lambda: list(check(checked)), seconds)
    except OutOfTime:
        return None
    return None if isinstance(outcome, Failure) else outcome.value
