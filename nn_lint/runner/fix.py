"""Mending many files: fixes with their proof, or comments that ignore what is found; the order of the paths is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.config import Settings
from nn_lint.fixing.apply import apply_edits
from nn_lint.fixing.ignore_comments import ignore_comments
from nn_lint.project.files import ProjectFile
from nn_lint.proving import Outcome, fix_with_proof
from nn_lint.runner.check import check_files
from nn_lint.runner.reports import FileReport, display_name
from nn_lint.runner.session import Session, guarded
from nn_lint.source.decoding import Decoded
from nn_lint.source.writing import write_atomically

if TYPE_CHECKING:
    from nn_lint.cache.kept import Kept
    from nn_lint.verify.verifier import Verifier


def fix_files(
    paths: Sequence[Path], settings: Settings, verifier: Verifier | None, *, write: bool, kept: Kept | None = None
) -> Iterator[FileReport]:
    """Fix files, in the order given; those in which nothing can be fixed are only checked."""
    return _mended(
        paths,
        settings,
        kept,
        lambda report: any(item.fix is not None for item in report.diagnostics),
        lambda session, path: _fix(session, path, verifier, write=write),
    )


def silence_files(
    paths: Sequence[Path], settings: Settings, *, write: bool, kept: Kept | None = None
) -> Iterator[FileReport]:
    """Write a comment beside each finding that ignores it; what no comment can silence is left in the report."""
    return _mended(
        paths,
        settings,
        kept,
        lambda report: bool(report.diagnostics),
        lambda session, path: _silence(session, path, write=write),
    )


def _mended(
    paths: Sequence[Path],
    settings: Settings,
    kept: Kept | None,
    wants: Callable[[FileReport], bool],
    mend: Callable[[Session, Path], FileReport],
) -> Iterator[FileReport]:
    """The reports of a check, those of files that are to be mended replaced. These are read and checked anew: what an
    earlier run has found is a reason to look, never to write."""
    session: Session | None = None
    for path, report in zip(paths, check_files(paths, settings, kept=kept)):
        if wants(report):
            session = session or Session(settings, paths)
            yield guarded(path, partial(mend, session))
        else:
            yield report


def _fix(session: Session, path: Path, verifier: Verifier | None, *, write: bool) -> FileReport:
    file, decoded = session.read(path)
    outcome = fix_with_proof(session.engine, file, session.settings, verifier)
    if write and outcome.content != decoded.text:
        write_atomically(path, decoded.encode(outcome.content))
    return report_of(outcome, file)


def _silence(session: Session, path: Path, *, write: bool) -> FileReport:
    file, decoded = session.read(path)
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


def report_of(outcome: Outcome, file: ProjectFile) -> FileReport:
    """What became of a file."""
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
