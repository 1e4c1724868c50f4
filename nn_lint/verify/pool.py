"""Several workers at once: the classes of many files are run as workers become free, the order of the files is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from nn_lint.config import VerifySettings
from nn_lint.verify.verdict import Run, Subject
from nn_lint.verify.verifier import Verifier

FILES_AHEAD = 16


def run_files(
    files: Iterable[tuple[Path, Sequence[Subject]]], python: Path, settings: VerifySettings, jobs: int
) -> Iterator[tuple[Path, list[Run]]]:
    """The runs of each file, as soon as those of the file and of all before it are done."""
    free: SimpleQueue[Verifier] = SimpleQueue()
    verifiers = [Verifier(python, settings) for _ in range(jobs)]
    for verifier in verifiers:
        free.put(verifier)

    def run(subject: Subject) -> Run:
        verifier = free.get()
        try:
            return verifier.run(subject)
        finally:
            free.put(verifier)

    waiting: deque[tuple[Path, list[Future[Run]]]] = deque()
    with ThreadPoolExecutor(jobs) as executor:
        try:
            for path, subjects in files:
                waiting.append((path, [executor.submit(run, subject) for subject in subjects]))
                while waiting and (len(waiting) > FILES_AHEAD or all(future.done() for future in waiting[0][1])):
                    yield _done(waiting.popleft())
            while waiting:
                yield _done(waiting.popleft())
        finally:
            executor.shutdown(cancel_futures=True)
            for verifier in verifiers:
                verifier.close()


def _done(item: tuple[Path, list[Future[Run]]]) -> tuple[Path, list[Run]]:
    path, futures = item
    return path, [future.result() for future in futures]
