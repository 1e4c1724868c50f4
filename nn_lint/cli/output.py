"""Where text goes: results to the standard output, notes about the run to the standard error."""

from __future__ import annotations

import io
import os
import shutil
import sys
from dataclasses import dataclass
from typing import TextIO

import click


@dataclass(frozen=True, slots=True)
class Output:
    """The streams of one run; `colour` tells whether results may carry escape codes."""

    colour: bool
    quiet: bool = False

    def result(self, text: str, *, newline: bool = True, to_stderr: bool = False) -> None:
        """Print what was asked for."""
        click.echo(text, nl=newline, err=to_stderr, color=self.colour)

    def note(self, text: str) -> None:
        """Print a remark about the run, unless quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def failure(self, text: str) -> None:
        """Print what went wrong, quiet or not."""
        click.echo(f"error: {text}", err=True)


def open_output(color: str, *, quiet: bool) -> Output:
    """The output of a run under `--color auto|always|never`; no character can make printing fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return Output(color == "always" or (color == "auto" and _wants_colour(sys.stdout)), quiet)


def is_terminal() -> bool:
    """Whether results are read by a person in a terminal."""
    return sys.stdout.isatty()


def terminal_width() -> int | None:
    """The width of the terminal, `None` where results go to a pipe or a file."""
    return shutil.get_terminal_size().columns if is_terminal() else None


def _wants_colour(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
