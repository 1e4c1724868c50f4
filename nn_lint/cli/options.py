"""The options of the commands, and the settings that they make together with the configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from nn_lint.config import Settings, load_settings

Decorated = TypeVar("Decorated", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOptions:
    """What `check` and `verify` share: where to look, and how to run and print."""

    paths: tuple[str, ...]
    exclude: tuple[str, ...]
    force_exclude: bool
    config: Path | None
    isolated: bool
    python: Path | None
    quiet: bool
    color: str


def common_options(function: Decorated) -> Decorated:
    """Add the arguments and options of `CommonOptions` to a command."""
    for decorate in reversed(
        (
            click.argument("paths", nargs=-1),
            click.option("--exclude", callback=_split, multiple=True, metavar="PATTERNS", help="Leave these out too."),
            click.option("--force-exclude", is_flag=True, help="Apply the exclusions also to files given by name."),
            click.option("--config", type=_EXISTING, help="The TOML file to read [tool.nn-lint] from."),
            click.option("--isolated", is_flag=True, help="Read no configuration file."),
            click.option("--python", type=_ANY_PATH, help="The interpreter with torch that proofs run in."),
            click.option("-q", "--quiet", is_flag=True, help="Print the findings and nothing else."),
            color_option(),
        )
    ):
        function = decorate(function)
    return function


def common_settings(options: CommonOptions, start: Path) -> Settings:
    """The configuration around `start`, the command line laid over it."""
    settings = load_settings(start.absolute(), config=options.config, isolated=options.isolated)
    verify = settings.verify if options.python is None else replace(settings.verify, python=options.python)
    return replace(settings, exclude=(*settings.exclude, *options.exclude), verify=verify)


def start_folder(paths: tuple[str, ...]) -> Path:
    """The folder that the search for a configuration begins in: that of the first path."""
    first = Path(paths[0]) if paths else Path()
    return first if first.is_dir() else first.parent


def color_option() -> Callable[[Decorated], Decorated]:
    """The option that turns colours on or off; NO_COLOR and FORCE_COLOR are respected."""
    return click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", help="Use colours.")


def selector_option(name: str, text: str) -> Callable[[Decorated], Decorated]:
    """An option that takes rule selectors, with commas between them or repeated."""
    return click.option(name, callback=_split, multiple=True, metavar="RULES", help=text)


def _split(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item for value in values for part in value.split(",") if (item := part.strip()))


_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_ANY_PATH = click.Path(path_type=Path)
