"""The JSON format: one list, in the shape that ruff prints, with the severity beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from nn_lint.diagnostic import Diagnostic, Fix, Position
from nn_lint.report.manual import url

_Value = str | int | None | dict[str, "_Value"] | list["_Value"]


def render(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """The list, one finding after the other; it is valid JSON once all chunks are printed."""
    opening = "["
    for diagnostic in diagnostics:
        text = json.dumps(_finding(diagnostic), indent=2)
        yield opening + "\n  " + text.replace("\n", "\n  ")
        opening = ","
    yield "[]\n" if opening == "[" else "\n]\n"


def _finding(diagnostic: Diagnostic) -> dict[str, _Value]:
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.value,
        "filename": str(Path(diagnostic.filename).absolute()),
        "location": _location(diagnostic.span.start),
        "end_location": _location(diagnostic.span.end),
        "message": diagnostic.message,
        "fix": None if diagnostic.fix is None else _fix(diagnostic.fix),
        "url": url(diagnostic.code, diagnostic.name),
    }


def _fix(fix: Fix) -> dict[str, _Value]:
    edits: list[_Value] = [
        {"content": edit.content, "location": _location(edit.span.start), "end_location": _location(edit.span.end)}
        for edit in fix.edits
    ]
    return {"applicability": fix.applicability.value, "message": fix.message, "edits": edits}


def _location(position: Position) -> dict[str, _Value]:
    return {"row": position.row, "column": position.column}
