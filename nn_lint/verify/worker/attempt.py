"""The only place where code of the user runs: whatever it raises comes back as a value."""

from __future__ import annotations

import signal
import time
import traceback
from dataclasses import dataclass
from types import TracebackType
from typing import Callable, Generic, Optional, Tuple, TypeVar, Union

T = TypeVar("T")
PATIENCE = 4.0


class OutOfTime(BaseException):
    """Raised by the alarm inside code that runs too long; no `except Exception` of the user's swallows it."""


class TooSlow(Exception):
    """A trial took longer than one of many may."""


class MissingPackage(Exception):
    """Code used what a missing package would have provided."""


@dataclass(frozen=True)
class Failure:
    """What code of the user raised: the exception, the frames `(file, row, function)` from outer to inner, and what
    happened in plain words where that is known."""

    error: BaseException
    frames: Tuple[Tuple[str, int, str], ...]
    words: str = ""

    @property
    def kind(self) -> str:
        """Name of the exception's class."""
        return type(self.error).__name__

    @property
    def message(self) -> str:
        """The exception's text, without the long tails that torch adds."""
        return str(self.error).strip() or self.kind

    def row_in(self, path: str) -> Optional[int]:
        """Innermost row of the file at `path` that took part, 1-based."""
        rows = [row for file, row, _ in self.frames if file == path]
        if isinstance(self.error, SyntaxError) and self.error.filename == path:
            return self.error.lineno
        return rows[-1] if rows else None


@dataclass(frozen=True)
class Success(Generic[T]):
    """What code of the user returned."""

    value: T


def frames_of(trace: Optional[TracebackType]) -> Tuple[Tuple[str, int, str], ...]:
    """`(file, row, function)` of each frame, outer first."""
    return tuple((frame.filename, frame.lineno or 0, frame.name) for frame in traceback.extract_tb(trace))


def attempt(action: Callable[[], T]) -> Union[Success[T], Failure]:
    """Run `action`, which calls code of the user.

    Everything is caught here, `SystemExit` and `KeyboardInterrupt` too: code under test may raise what it likes, and
    only running out of time ends the request (the alarm rings once, so a second attempt would never be stopped).
    """
    try:
        return Success(action())
    except OutOfTime:
        raise
    except BaseException as error:
        return Failure(error, frames_of(error.__traceback__))


def attempt_briefly(action: Callable[[], T], seconds: float) -> Union[Success[T], Failure]:
    """Run `action` as one trial of many: after so many seconds it counts as failed, and the request goes on.

    They are seconds of the processor, so that a busy machine does not change what is found; one that only sleeps is
    given up some time later. A trial inside another one has no more time than that has left.
    """
    if not hasattr(signal, "setitimer"):
        return attempt(action)
    clocks = (
        (signal.ITIMER_PROF, time.process_time, seconds),
        (signal.ITIMER_REAL, time.monotonic, seconds * PATIENCE),
    )
    before = [(timer, clock, clock(), signal.getitimer(timer)[0]) for timer, clock, _ in clocks]
    for (timer, _, most), (*_, left) in zip(clocks, before):
        signal.setitimer(timer, min(most, left) if left else most)
    try:
        return attempt(action)
    except OutOfTime as error:
        if any(0 < left <= clock() - start for _, clock, start, left in before):
            raise
        return Failure(TooSlow(f"still running after {seconds:g} s"), frames_of(error.__traceback__))
    finally:
        for timer, clock, start, left in before:
            signal.setitimer(timer, max(left - (clock() - start), 0.0))  # one that has rung must not ring again
