"""`nn-lint check`: finds, and with `--fix` or `--diff` mends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nn_lint.cli.exit_codes import FAILURE
from nn_lint.cli.options import CommonOptions, common_options, common_settings, selector_option, start_folder
from nn_lint.cli.output import Output, open_output
from nn_lint.config import ConfigError, Settings

if TYPE_CHECKING:
    from nn_lint.cache.kept import Kept
    from nn_lint.runner.cluster import Cluster
    from nn_lint.verify.verifier import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions(CommonOptions):
    """The options of `check`, as click reads them."""

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    extend_select: tuple[str, ...]
    output_format: str | None
    fix: bool
    unsafe_fixes: bool
    diff: bool
    show_fixes: bool
    no_verify: bool
    suspicions: bool
    fail_on_warning: bool
    gradients: bool
    exit_zero: bool
    no_cache: bool
    dask: str | None
    statistics: bool
    add_ignore: bool
    baseline: Path | None
    write_baseline: Path | None
    stdin_filename: str | None

    @property
    def reads_stdin(self) -> bool:
        """Whether the text comes from the standard input."""
        return self.paths == ("-",) or (not self.paths and self.stdin_filename is not None)


_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("check")
@selector_option("--select", "Use exactly these rules: codes, prefixes of codes, names or ALL.")
@selector_option("--ignore", "Leave these rules out.")
@selector_option("--extend-select", "Add these rules to those in use.")
@click.option("--fix", is_flag=True, help="Apply the fixes; what changes a model is kept only when torch confirms it.")
@click.option("--unsafe-fixes", is_flag=True, help="Count, show and apply unsafe fixes too.")
@click.option("--diff", is_flag=True, help="Show what would change, write nothing. With --fix the proofs are run.")
@click.option("--show-fixes", is_flag=True, help="List what was fixed.")
@click.option("--no-verify", is_flag=True, help="Run nothing in torch: only fixes that need no proof are applied.")
@click.option(
    "--gradients", is_flag=True, help="With proofs: how much gradient reaches a repaired network's first layer."
)
@click.option("--output-format", type=click.Choice(("full", "concise", "json")), help="[default: full in a terminal]")
@click.option("--suspicions", is_flag=True, help="Also show what only looks like a mistake.")
@click.option("--fail-on-warning", is_flag=True, help="Exit with 1 also when there are only warnings.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 also when there are findings.")
@click.option("--no-cache", is_flag=True, help="Do not use the cache of findings.")
@click.option("--dask", metavar="ADDRESS", help="Spread the work over the Dask cluster of this scheduler.")
@click.option("--statistics", is_flag=True, help="Show how often each rule was broken, not the findings.")
@click.option("--add-ignore", is_flag=True, help="Write comments that ignore what is found now; with --diff show them.")
@click.option("--baseline", type=_FILE, metavar="FILE", help="Report only what this file does not have.")
@click.option("--write-baseline", type=_FILE, metavar="FILE", help="Write what is found now to this file.")
@click.option("--stdin-filename", metavar="PATH", help="The name of the text that `-` reads.")
@common_options
def command(**values: Any) -> int:
    """Find mistakes in PATHS (the default command)."""
    options = CheckOptions(**values)
    output = open_output(options.color, quiet=options.quiet)
    try:
        return _run(options, output)
    except ConfigError as error:
        output.failure(str(error))
        return FAILURE


def _run(options: CheckOptions, output: Output) -> int:
    from nn_lint.cli.present import Presenter
    from nn_lint.cli.work import check_paths, check_stdin

    if "-" in options.paths and not options.reads_stdin:
        raise ConfigError("`-` cannot be combined with other paths")
    if options.dask is not None and (options.fix or options.diff or options.add_ignore or options.reads_stdin):
        raise ConfigError("--dask only finds: it cannot be combined with --fix, --diff, --add-ignore or a text")
    if options.add_ignore and (options.fix or options.reads_stdin or options.write_baseline):
        raise ConfigError("--add-ignore cannot be combined with --fix, --write-baseline or the standard input")
    settings = _settings(options)
    kept = _kept(options, settings)
    if kept is None or not kept.was_there:
        _check_selectors(settings)
    with _verifier(options, settings) as verifier:
        presenter = Presenter(output, settings, options, verified=verifier is not None)
        if options.reads_stdin:
            return presenter.show(check_stdin(options, settings, verifier))
        with _cluster(options) as cluster:
            return presenter.show(check_paths(options, settings, verifier, kept, cluster))


def _kept(options: CheckOptions, settings: Settings) -> Kept | None:
    """What earlier runs with the same arguments have found, unless nothing is to be kept."""
    if options.no_cache or options.reads_stdin:
        return None
    from nn_lint.cache.kept import Kept

    return Kept(settings, options.paths)


@contextmanager
def _cluster(options: CheckOptions) -> Iterator[Cluster | None]:
    """The cluster to check on; `None` means processes of this machine."""
    if options.dask is None:
        yield None
        return
    from nn_lint.runner.cluster import dask_cluster

    with dask_cluster(options.dask) as cluster:
        yield cluster


def _check_selectors(settings: Settings) -> None:
    """Raise `ConfigError` for unknown rules before anything is done; an earlier run with these settings had none."""
    from nn_lint.rules.selection import select_rules

    select_rules(settings)


@contextmanager
def _verifier(options: CheckOptions, settings: Settings) -> Iterator[Verifier | None]:
    """The verifier of a run that fixes; `None` where nothing is to be proven or no interpreter has torch."""
    if not options.fix or options.no_verify:
        yield None
        return
    from nn_lint.cli.work import find_python
    from nn_lint.verify.verifier import Verifier

    python = find_python(settings)
    if python is None:
        yield None
        return
    with Verifier(python, settings.verify) as verifier:
        yield verifier


def _settings(options: CheckOptions) -> Settings:
    """The configuration with the command line over it: what is named there is on, whatever the file ignores."""
    stdin = (options.stdin_filename,) if options.stdin_filename else ()
    settings = common_settings(options, start_folder(stdin if options.reads_stdin else options.paths))
    named = {*options.select, *options.extend_select}
    return replace(
        settings,
        select=options.select or settings.select,
        extend_select=(*(() if options.select else settings.extend_select), *options.extend_select),
        ignore=(*(word for word in settings.ignore if word not in named), *options.ignore),
        baseline=options.baseline or settings.baseline,
        unsafe_fixes=options.unsafe_fixes,
        suspicions=options.suspicions or settings.suspicions,
        fail_on_warning=options.fail_on_warning or settings.fail_on_warning,
        verify=replace(settings.verify, enabled=not options.no_verify, gradients=options.gradients),
    )
