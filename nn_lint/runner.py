"""Many files: read, check in several processes, fix with proof, write; the order of the paths is kept."""

from __future__ import annotations

import gc
import os
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic
from nn_lint.engine import Engine
from nn_lint.fixing.apply import apply_edits
from nn_lint.fixing.ignore_comments import ignore_comments
from nn_lint.project.facts import ClassFacts
from nn_lint.project.files import ProjectFile, ProjectFiles
from nn_lint.project.hierarchy import Hierarchy, Kinship, ProjectClass
from nn_lint.proving import Outcome, fix_with_proof
from nn_lint.rules.selection import ignored_in, select_rules
from nn_lint.source.decoding import Decoded, UndecodableError, decode
from nn_lint.source.text import Text
from nn_lint.source.writing import write_atomically
from nn_lint.verify.asking import asked_above
from nn_lint.verify.verdict import Asked, Subject, Verdict

if TYPE_CHECKING:
    from nn_lint.verify.verifier import Verifier

FEW_FILES = 8
"""Up to this many files one process is faster than starting others."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What happened to one file. `before` and `after` are set where fixes changed it; `failure` means exit code 2."""

    filename: str
    diagnostics: tuple[Diagnostic, ...]
    fixed: tuple[Diagnostic, ...] = ()
    failure: str | None = None
    before: str | None = None
    after: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    rejected: tuple[tuple[Diagnostic, str], ...] = ()
    silenced: tuple[Diagnostic, ...] = ()


class Session:
    """The engine and the files that it has read so far; one a process, since neither is shared."""

    def __init__(self, settings: Settings, paths: Sequence[Path] = ()) -> None:
        roots = (settings.root, settings.root / "src", *settings.src)
        self.settings = settings
        self.hierarchy = Hierarchy(ProjectFiles(roots, neighbours=tuple(paths)), settings.module_bases)
        self.engine = Engine(
            self.hierarchy,
            select_rules(settings),
            suspicions=settings.suspicions,
            ignored_in=partial(ignored_in, settings=settings),
        )

    def open(self, path: Path, decoded: Decoded) -> ProjectFile:
        """A file as the engine takes it."""
        return self.hierarchy.files.add(path.absolute(), Text(decoded.text, display_name(path)))


def check_files(paths: Sequence[Path], settings: Settings, executor: Executor | None = None) -> Iterator[FileReport]:
    """Check files, in the order given; many of them in several processes (or on any other executor)."""
    if executor is None and len(paths) <= FEW_FILES:
        yield from _check_batch(tuple(paths), settings, tuple(paths))
        return
    with _own_pool() if executor is None else nullcontext(executor) as pool:
        batches = _batches(paths, os.cpu_count() or 1)
        every = tuple(paths)
        for reports in pool.map(_check_batch, batches, [settings] * len(batches), [every] * len(batches)):
            yield from reports


@contextmanager
def _own_pool() -> Iterator[Executor]:
    """One process a core. They leave an interrupt to this one, which then ends them at once."""
    others = set(active_children())
    pool = ProcessPoolExecutor(os.cpu_count() or 1, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        yield pool
    except BaseException:
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def fix_files(
    paths: Sequence[Path], settings: Settings, verifier: Verifier | None, *, write: bool
) -> Iterator[FileReport]:
    """Fix files, in the order given; those in which nothing can be fixed are only checked."""
    session = Session(settings, paths)
    for path, report in zip(paths, check_files(paths, settings)):
        if any(item.fix is not None for item in report.diagnostics):
            yield _guarded(path, lambda path: _fix(session, path, verifier, write=write))
        else:
            yield report


def silence_files(paths: Sequence[Path], settings: Settings, *, write: bool) -> Iterator[FileReport]:
    """Write a comment beside each finding that ignores it; what no comment can silence is left in the report."""
    session = Session(settings, paths)
    for path, report in zip(paths, check_files(paths, settings)):
        if report.diagnostics:
            yield _guarded(path, lambda path: _silence(session, path, write=write))
        else:
            yield report


def check_text(text: str, filename: str, settings: Settings) -> FileReport:
    """Check a text that need not lie on the disk."""
    session = Session(settings)
    path = Path(filename)
    return _guarded(path, lambda path: FileReport(filename, session.engine.check(session.open(path, Decoded(text)))))


def fix_text(text: str, filename: str, settings: Settings, verifier: Verifier | None) -> FileReport:
    """Fix a text; nothing is written."""
    session = Session(settings)
    file = session.open(Path(filename), Decoded(text))
    return _report(fix_with_proof(session.engine, file, settings, verifier), file)


def subjects_of(paths: Sequence[Path], settings: Settings) -> Iterator[tuple[Path, tuple[Subject, ...]]]:
    """The files that define modules with a `forward`, and each of these modules as something to construct and run."""
    session = Session(settings, paths)
    roots = (settings.root, settings.root / "src", *settings.src)
    for path in paths:
        try:
            file = session.open(path, decode(path.read_bytes()))
        except (OSError, UndecodableError):
            continue
        subjects = tuple(_subject(session, file, facts, roots) for facts in _runnable(session.hierarchy, file))
        if subjects:
            yield path, subjects


def _subject(session: Session, file: ProjectFile, facts: ClassFacts, roots: tuple[Path, ...]) -> Subject:
    name = facts.qualified_name
    asked = asked_above(file.text.content.splitlines(), facts.first_row) or tuple(
        Asked(arguments, inputs, "configuration")
        for known, arguments, inputs in session.settings.verify.modules
        if known in {name, facts.name}
    )
    return Subject(file.path, file.text.content, name, roots, session.engine.callers(file, name), asked)


def display_name(path: Path) -> str:
    """A path as the user would type it: relative to the current folder where it lies below it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _runnable(hierarchy: Hierarchy, file: ProjectFile) -> Iterator[ClassFacts]:
    for facts in file.facts.classes:
        cls = ProjectClass(file, facts)
        if facts.in_function or hierarchy.ancestry(cls).kinship is not Kinship.MODULE:
            continue
        if facts.method("forward") is not None or hierarchy.inherited(cls, "forward") is not None:
            yield facts


def _batches(paths: Sequence[Path], workers: int) -> list[tuple[Path, ...]]:
    """Neighbours stay together, so that a process meets the bases it has read; about eight batches a worker."""
    size = max(1, len(paths) // (8 * workers))
    return [tuple(paths[start : start + size]) for start in range(0, len(paths), size)]


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Syntax trees are many objects with few cycles: to search them again and again takes a third of a run."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


_ALLOCATIONS = 100_000

_SESSIONS: dict[tuple[Settings, int], Session] = {}


def _check_batch(paths: tuple[Path, ...], settings: Settings, every: tuple[Path, ...]) -> list[FileReport]:
    with _rare_collection():
        return _reports(paths, settings, every)


def _reports(paths: tuple[Path, ...], settings: Settings, every: tuple[Path, ...]) -> list[FileReport]:
    key = settings, hash(every)
    session = _SESSIONS.get(key)
    if session is None:
        _SESSIONS.clear()
        session = _SESSIONS[key] = Session(settings, every)
    return [_check(session, path) for path in paths]


def _check(session: Session, path: Path) -> FileReport:
    def check(path: Path) -> FileReport:
        file = session.open(path, decode(path.read_bytes()))
        diagnostics = session.engine.check(file)
        file.text.release()
        return FileReport(display_name(path), diagnostics)

    return _guarded(path, check)


def _fix(session: Session, path: Path, verifier: Verifier | None, *, write: bool) -> FileReport:
    decoded = decode(path.read_bytes())
    file = session.open(path, decoded)
    outcome = fix_with_proof(session.engine, file, session.settings, verifier)
    if write and outcome.content != decoded.text:
        write_atomically(path, decoded.encode(outcome.content))
    return _report(outcome, file)


def _silence(session: Session, path: Path, *, write: bool) -> FileReport:
    decoded = decode(path.read_bytes())
    file = session.open(path, decoded)
    found = session.engine.check(file)
    content = apply_edits(file.text.lines, ignore_comments(file.text, found))
    remaining = session.engine.check(session.open(path, Decoded(content)))
    if content == decoded.text:
        return FileReport(display_name(path), remaining)
    if write:
        write_atomically(path, decoded.encode(content))
    left = Counter(item.code for item in remaining)
    silenced = tuple(item for item in found if not (left[item.code] and not left.subtract((item.code,))))
    return FileReport(display_name(path), remaining, before=decoded.text, after=content, silenced=silenced)


def _report(outcome: Outcome, file: ProjectFile) -> FileReport:
    changed = outcome.content != file.text.content
    return FileReport(
        file.text.filename,
        outcome.remaining,
        fixed=outcome.applied,
        before=file.text.content if changed else None,
        after=outcome.content if changed else None,
        verdicts=outcome.verdicts,
        rejected=outcome.rejected,
    )


def _guarded(path: Path, work: Callable[[Path], FileReport]) -> FileReport:
    """The per-file boundary: whatever goes wrong with one file is reported, and the others go on."""
    try:
        return work(path)
    except OSError as error:
        failure = f"cannot be read or written: {error.strerror or error}"
    except UndecodableError as error:
        failure = str(error)
    except Exception:  # noqa: BLE001
        failure = f"nn-lint failed on this file; please report it:\n{traceback.format_exc()}"
    return FileReport(display_name(path), (), failure=failure)
