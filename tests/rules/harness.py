"""Runs the examples that rules carry as data."""

from __future__ import annotations

import re
from pathlib import Path

from nn_lint.diagnostic import Diagnostic
from nn_lint.engine import Engine, Mended
from nn_lint.project.files import ProjectFile, ProjectFiles
from nn_lint.project.hierarchy import Hierarchy
from nn_lint.rules import all_rules
from nn_lint.rules.rule import Example
from nn_lint.source.text import Text

FOLDER = Path("/nowhere/project")
_MARK = re.compile(r"[ \t]*# (NN\d{3}(?:, NN\d{3})*)$", re.MULTILINE)
ALL_CODES = frozenset(rule.code for rule in all_rules())


def unmarked(text: str) -> str:
    """A text without its marks."""
    return _MARK.sub("", text)


def marked_rows(text: str, code: str) -> list[int]:
    """The rows that a text marks with a code."""
    rows = enumerate(text.split("\n"), 1)
    return [row for row, line in rows if (found := _MARK.search(line)) and code in found[1]]


def project(
    text: str, others: tuple[tuple[str, str], ...] = (), codes: frozenset[str] = ALL_CODES
) -> tuple[Engine, ProjectFile]:
    """An engine over texts that lie on no disk, and the first of them."""
    overlay = {FOLDER / path: content for path, content in others}
    files = ProjectFiles((), overlay)
    return Engine(Hierarchy(files), codes), files.add(FOLDER / "example.py", Text(text, "example.py"))


def check(text: str, *, codes: frozenset[str] = ALL_CODES, example: Example | None = None) -> tuple[Diagnostic, ...]:
    """The findings of a text."""
    engine, file = project(text, example.others if example else (), codes)
    return engine.check(file)


def fix(text: str, *, codes: frozenset[str] = ALL_CODES, example: Example | None = None) -> Mended:
    """A text after all fixes of all kinds."""
    engine, file = project(text, example.others if example else (), codes)
    return engine.fix(file, lambda diagnostic: True)
