"""What a run has to say of each file; light enough for a run in which nothing is left to be analysed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.diagnostic import Diagnostic

if TYPE_CHECKING:
    from nn_lint.verify.verdict import Verdict


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


def display_name(path: Path) -> str:
    """A path as the user would type it: relative to the current folder where it lies below it."""
    name = str(path)
    if not os.path.isabs(name):
        return name
    folder = os.path.join(os.getcwd(), "")
    return name.removeprefix(folder)
