"""Diagnostics built by hand, for tests of what is shown."""

from __future__ import annotations

from nn_lint.diagnostic import Applicability, Diagnostic, Edit, Fix, Position, Severity, Span


def span(row: int, start: int, end: int) -> Span:
    return Span(Position(row, start), Position(row, end))


def fix(applicability: Applicability = Applicability.SAFE) -> Fix:
    return Fix(applicability, "Insert `super().__init__()`", (Edit(span(4, 1, 1), "        super().__init__()\n"),))


def diagnostic(
    line: str = "    def __init__(self):",
    where: Span | None = None,
    *,
    fix: Fix | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    return Diagnostic(
        code="NN101",
        name="missing-super-init",
        message="`Net.__init__` never calls `super().__init__()`",
        filename="src/net.py",
        span=where or span(3, 9, 17),
        line=line,
        severity=severity,
        class_name="Net",
        fix=fix,
    )
