"""The side of the worker: batches of files, checked in whatever process or thread they come to."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nn_lint.cache.results import Results
from nn_lint.config import Settings
from nn_lint.runner.session import Session

_ALLOCATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Job:
    """One run: its settings and all its files. The token tells it from every other run that a worker may see."""

    settings: Settings
    paths: tuple[Path, ...]
    token: str = field(default_factory=lambda: os.urandom(8).hex())


class _Worker(threading.local):
    """The session of the run that a thread works for."""

    def __init__(self) -> None:
        self.token = ""
        self.session: Session | None = None

    def session_of(self, job: Job) -> Session:
        if self.session is None or self.token != job.token:
            self.token, self.session = job.token, Session(job.settings, job.paths)
        return self.session


_WORKER = _Worker()


def check_batch(batch: tuple[Path, ...], job: Job) -> Results:
    """Check some files of a run. The bases that an earlier batch has read are known."""
    with _rare_collection():
        return _WORKER.session_of(job).results(batch)


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Syntax trees are many objects with few cycles: to search them again and again takes a third of a run."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
