"""Findings as lists of plain values, and back."""

from __future__ import annotations

from itertools import chain
from typing import Any

from nn_lint.diagnostic import Applicability, Diagnostic, Edit, Fix, Position, Severity, Span


def plain_diagnostic(item: Diagnostic) -> list[Any]:
    """A finding without the name of its file, which depends on where nn-lint is started."""
    fix = item.fix
    edits = () if fix is None else fix.edits
    plain_fix = (
        None if fix is None else [fix.applicability.value, fix.message, [[*_places(e.span), e.content] for e in edits]]
    )
    found = [item.code, item.name, item.message, _places(item.span), item.line, item.severity.value, item.class_name]
    return [*found, plain_fix]


def diagnostic_from(found: Any, filename: str) -> Diagnostic:
    """The finding that a list stands for; raises `ValueError` or `TypeError` where it is none."""
    code, name, message, places, line, severity, class_name, fix = found
    return Diagnostic(
        code,
        name,
        message,
        filename,
        _span(places),
        line,
        Severity(severity),
        class_name,
        None if fix is None else _fix(fix),
    )


def _fix(found: Any) -> Fix:
    applicability, message, edits = found
    return Fix(Applicability(applicability), message, tuple(Edit(_span(edit[:4]), edit[4]) for edit in edits))


def _places(span: Span) -> list[int]:
    return list(chain(*((place.row, place.column) for place in (span.start, span.end))))


def _span(places: Any) -> Span:
    first_row, first_column, end_row, end_column = places
    return Span(Position(first_row, first_column), Position(end_row, end_column))
