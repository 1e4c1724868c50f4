"""The concise format: one line a finding, `path:row:column: NN101 [*] message`; what is no error says what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic, Severity
from nn_lint.report.fixability import is_fixable


def render(diagnostics: Iterable[Diagnostic], settings: Settings) -> Iterator[str]:
    """A line for each finding."""
    for diagnostic in diagnostics:
        start = diagnostic.span.start
        mark = "[*] " if is_fixable(diagnostic, settings) else ""
        level = "" if diagnostic.severity is Severity.ERROR else f"{diagnostic.severity.value}: "
        yield f"{diagnostic.filename}:{start.row}:{start.column}: {diagnostic.code} {mark}{level}{diagnostic.message}"
