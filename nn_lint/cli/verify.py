"""`nn-lint verify`: constructs and runs every module under the paths, and edits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nn_lint.cli.exit_codes import CLEAN, FAILURE, FINDINGS
from nn_lint.cli.options import CommonOptions, common_options, common_settings, start_folder
from nn_lint.cli.output import Output, open_output, terminal_width
from nn_lint.config import ConfigError, Settings

if TYPE_CHECKING:
    from nn_lint.verify.verdict import Run

_NO_TORCH = "torch not found: nothing was run (give an interpreter with --python)"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions(CommonOptions):
    """The options of `verify`, as click reads them."""

    gradients: bool


@click.command("verify")
@click.option("--gradients", is_flag=True, help="Show how much gradient reaches the first layer of each module.")
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
    from nn_lint.cli.work import find_files, find_python
    from nn_lint.report import verification

    found = find_files(options, settings)
    for path, reason in found.problems:
        output.failure(f"{path}: {reason}")
    python = find_python(settings)
    if python is None:
        output.failure(_NO_TORCH)
        return FAILURE
    seen: list[Run] = []
    settings = replace(settings, verify=replace(settings.verify, gradients=options.gradients))
    for path, runs in _runs_by_file(found.files, settings, python):
        seen += runs
        table = verification.table(runs, gradients=options.gradients, colour=output.colour, width=terminal_width())
        output.result(f"{path}\n{table}\n")
        for line in verification.failures(str(path), runs):
            output.result(line)
    if not options.quiet:
        output.result(verification.count(seen))
    if found.problems:
        return FAILURE
    return FINDINGS if any(map(verification.is_fault, seen)) else CLEAN


def _runs_by_file(files: Sequence[Path], settings: Settings, python: Path) -> Iterator[tuple[Path, list[Run]]]:
    """The runs of each file that has modules, as soon as the file is done."""
    from nn_lint.runner import subjects_of
    from nn_lint.verify.verifier import Verifier

    with Verifier(python, settings.verify) as verifier:
        for path, subjects in subjects_of(files, settings):
            yield path, [verifier.run(subject) for subject in subjects]
