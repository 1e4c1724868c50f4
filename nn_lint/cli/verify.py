"""`nn-lint verify`: constructs and runs every module under the paths, and edits nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nn_lint.cli.exit_codes import CLEAN, FAILURE, FINDINGS
from nn_lint.cli.options import CommonOptions, common_options, common_settings, start_folder
from nn_lint.cli.output import Output, open_output, terminal_width
from nn_lint.config import ConfigError, Settings
from nn_lint.runner.cores import usable_cores

if TYPE_CHECKING:
    from nn_lint.cli.progress import ProgressBar
    from nn_lint.verify.verdict import Run

_NO_TORCH = "torch not found: nothing was run (give an interpreter with --python)"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions(CommonOptions):
    """The options of `verify`, as click reads them."""

    gradients: bool
    export: bool
    format: str
    jobs: int | None


@click.command("verify")
@click.option("--gradients", is_flag=True, help="Show how much gradient reaches the first layer of each module.")
@click.option("--export", is_flag=True, help="Also try torch.export on each module that runs; a failure is a finding.")
@click.option("--format", type=click.Choice(("table", "json", "html")), default="table", help="How to print the runs.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Workers at once; without it one for two processors.")
@common_options
def command(**values: Any) -> int:
    """Construct and run the modules of PATHS in torch. This executes their code, in a process of its own."""
    options = VerifyOptions(**values)
    output = open_output(options.color, quiet=options.quiet)
    try:
        return _run(options, common_settings(options, start_folder(options.paths)), output)
    except ConfigError as error:
        output.failure(str(error))
        return FAILURE


def _run(options: VerifyOptions, settings: Settings, output: Output) -> int:
    from nn_lint.cli.progress import progress_bar
    from nn_lint.cli.work import find_files, find_python
    from nn_lint.report import verification, verification_html, verification_json
    from nn_lint.runner.subjects import subjects_of
    from nn_lint.verify.pool import run_files

    found = find_files(options, settings)
    for path, reason in found.problems:
        output.failure(f"{path}: {reason}")
    python = find_python(settings)
    if python is None:
        output.failure(_NO_TORCH)
        return FAILURE
    settings = replace(settings, verify=replace(settings.verify, gradients=options.gradients, export=options.export))
    jobs = options.jobs or max(1, usable_cores() // 2)
    with progress_bar(len(found.files), quiet=options.quiet) as bar:
        files = run_files(subjects_of(found.files, settings), python, settings.verify, jobs)
        done = list(_shown(bar.counted(files), settings, options, output, bar))
    seen = [run for _, runs in done for run in runs]
    if options.format != "table":
        output.result((verification_json if options.format == "json" else verification_html).render(done))
    elif not options.quiet:
        for line in (verification.count(seen), verification.missing(seen), verification.unfinished(seen)):
            if line:
                output.result(line)
    if found.problems:
        return FAILURE
    return FINDINGS if any(map(verification.is_finding, seen)) else CLEAN


def _shown(
    files: Iterator[tuple[Path, list[Run]]],
    settings: Settings,
    options: VerifyOptions,
    output: Output,
    bar: ProgressBar,
) -> Iterator[tuple[Path, list[Run]]]:
    """The runs of each file, printed as a table as soon as the file is done, where a table was asked for."""
    from nn_lint.report import verification
    from nn_lint.source.decoding import decode
    from nn_lint.source.text import Text
    from nn_lint.verify.notes import shown

    for path, found in files:
        runs = shown(found, Text(decode(path.read_bytes()).text), settings)
        if options.format == "table":
            table = verification.table(runs, gradients=options.gradients, colour=output.colour, width=terminal_width())
            bar.close()
            output.result(f"{path}\n{table}\n")
            for line in (*verification.failures(str(path), runs), *verification.notes(str(path), runs)):
                output.result(line)
        yield path, runs
