"""What `check` is done on: files found under paths, or the text of the standard input; reports come out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.cli.progress import progress_bar
from nn_lint.config import ConfigError, Settings
from nn_lint.runner.check import check_files
from nn_lint.runner.reports import FileReport
from nn_lint.source.discovery import Discovery, discover, is_excluded

if TYPE_CHECKING:
    from nn_lint.cache.kept import Kept
    from nn_lint.cli.check import CheckOptions
    from nn_lint.cli.options import CommonOptions
    from nn_lint.runner.cluster import Cluster
    from nn_lint.verify.verifier import Verifier


def find_files(options: CommonOptions, settings: Settings) -> Discovery:
    """The files under the paths of a command; the current folder without any."""
    paths = [Path(path) for path in options.paths] or [Path()]
    return discover(paths, settings.root, settings.exclude, force_exclude=options.force_exclude)


def find_python(settings: Settings) -> Path | None:
    """The interpreter that proofs run in, `None` where none has torch; one that was asked for must have it."""
    from nn_lint.verify.interpreter import NoTorch, find_interpreter

    try:
        return find_interpreter(settings.verify.python, settings.root)
    except NoTorch as error:
        raise ConfigError(str(error)) from error


def check_paths(
    options: CheckOptions,
    settings: Settings,
    verifier: Verifier | None,
    kept: Kept | None,
    cluster: Cluster | None,
) -> Iterator[FileReport]:
    """A report for each file, after one for each path that could not be looked at."""
    found = find_files(options, settings)
    for path, reason in found.problems:
        yield FileReport(str(path), (), failure=reason)
    reports = _reports(found.files, options, settings, verifier, kept, cluster)
    with progress_bar(len(found.files), quiet=options.quiet) as bar:
        for report in bar.counted(reports):
            if report.diagnostics or report.failure or report.fixed:
                bar.close()
            yield report


def _reports(
    files: Sequence[Path],
    options: CheckOptions,
    settings: Settings,
    verifier: Verifier | None,
    kept: Kept | None,
    cluster: Cluster | None,
) -> Iterator[FileReport]:
    if cluster is not None:
        return check_files(files, settings, cluster.executor, kept, cluster.workers)
    if not (options.add_ignore or options.fix or options.diff):
        return check_files(files, settings, kept=kept)
    from nn_lint.runner.fix import fix_files, silence_files

    if options.add_ignore:
        return silence_files(files, settings, write=not options.diff, kept=kept)
    return fix_files(files, settings, verifier, write=not options.diff, kept=kept)


def check_stdin(options: CheckOptions, settings: Settings, verifier: Verifier | None) -> Iterator[FileReport]:
    """The report on the text of the standard input; with `--fix` the mended text goes to the standard output."""
    from nn_lint.runner.texts import check_text, fix_text
    from nn_lint.source.decoding import UndecodableError, decode

    filename = options.stdin_filename or "-"
    data = sys.stdin.buffer.read()
    mends = options.fix and not options.diff
    if options.force_exclude and is_excluded(Path(filename), settings.root, settings.exclude):
        _write(data if mends else b"")
        return
    try:
        decoded = decode(data)
    except UndecodableError as error:
        if mends:
            _write(data)
        yield FileReport(filename, (), failure=str(error))
        return
    if not options.fix and not options.diff:
        yield check_text(decoded.text, filename, settings)
        return
    report = fix_text(decoded.text, filename, settings, verifier)
    if mends:
        _write(data if report.after is None else decoded.encode(report.after))
    yield report


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
