"""Checking many files: what an earlier run found and still holds is taken from it, the rest goes to processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic
from nn_lint.runner.cores import usable_cores
from nn_lint.runner.reports import FileReport, display_name
from nn_lint.source.stamps import full_name

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from nn_lint.cache.kept import Kept
    from nn_lint.cache.results import Results

FEW_FILES = 8
"""Up to this many files one process is faster than starting others."""


def check_files(
    paths: Sequence[Path],
    settings: Settings,
    executor: Executor | None = None,
    kept: Kept | None = None,
    workers: int | None = None,
) -> Iterator[FileReport]:
    """Check files, in the order given; many of them in several processes, or on any other executor of so many workers.

    With `kept` only those are analysed about which something has changed, and what was found is kept in its turn.
    """
    known: Mapping[Path, tuple[Diagnostic, ...]] = {} if kept is None else kept.known(paths)
    found: list[Results] = []
    fresh = _fresh(tuple(path for path in paths if path not in known), paths, settings, executor, workers, found)
    for path in paths:
        yield _report(path, known[path]) if path in known else next(fresh)
    if kept is not None:
        kept.keep(paths, found)


def _report(path: Path, found: tuple[Diagnostic, ...], failure: str | None = None) -> FileReport:
    """What was found, by another process or run, under the name that the file has here."""
    name = display_name(path)
    return FileReport(name, tuple(replace(item, filename=name) for item in found), failure=failure)


def _fresh(
    paths: tuple[Path, ...],
    every: Sequence[Path],
    settings: Settings,
    executor: Executor | None,
    workers: int | None,
    found: list[Results],
) -> Iterator[FileReport]:
    """Reports of files that are analysed now."""
    if not paths:
        return
    names = iter(paths)
    for results in _analysed(_absolute(paths), _absolute(every), settings, executor, workers):
        found.append(results)
        for result in results.results:
            yield _report(next(names), result.diagnostics, result.failure)


def _absolute(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The paths as a process in another folder needs them."""
    return tuple(Path(full_name(path)) for path in paths)


def _analysed(
    paths: tuple[Path, ...],
    every: tuple[Path, ...],
    settings: Settings,
    executor: Executor | None,
    workers: int | None,
) -> Iterator[Results]:
    from nn_lint.runner.batches import Job, check_batch

    job = Job(settings, every)
    if executor is None and len(paths) <= FEW_FILES:
        yield check_batch(paths, job)
        return
    from nn_lint.runner.pool import own_pool

    with own_pool() if executor is None else nullcontext(executor) as pool:
        batches = _batches(paths, workers or usable_cores())
        yield from pool.map(check_batch, batches, [job] * len(batches))


def _batches(paths: Sequence[Path], workers: int) -> list[tuple[Path, ...]]:
    """Neighbours stay together, so that a process meets the bases it has read; about eight batches a worker."""
    size = max(1, len(paths) // (8 * workers))
    return [tuple(paths[start : start + size]) for start in range(0, len(paths), size)]
