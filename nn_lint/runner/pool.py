"""Processes of our own to spread a run over."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children

from nn_lint.runner.cores import usable_cores


@contextmanager
def own_pool() -> Iterator[Executor]:
    """One process a core. They leave an interrupt to this one, which then ends them at once."""
    others = set(active_children())
    pool = ProcessPoolExecutor(usable_cores(), initializer=_leave_interrupts)
    try:
        yield pool
    except BaseException:
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Let the process that shares out the work decide what an interrupt ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
