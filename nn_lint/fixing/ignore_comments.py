"""The comments that ignore findings, one at the end of each row that needs one."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from nn_lint.diagnostic import Diagnostic, Edit, Position, Span
from nn_lint.source.text import Text

_LISTED = re.compile(r"#\s*nn-lint\s*:\s*ignore\[([^\]]*)\]", re.IGNORECASE)


def ignore_comments(text: Text, diagnostics: Iterable[Diagnostic]) -> tuple[Edit, ...]:
    """The edits that silence findings, as far as a comment can stand in the first or last row of each.

    Codes join a comment that is there already. Nothing can be added to a file that CPython cannot read.
    """
    rows = frozenset(_open_rows(text))
    wanted: dict[int, list[str]] = {}
    for item in diagnostics:
        row = next((row for row in (item.span.start.row, item.span.end.row) if row in rows), None)
        if row is not None and item.code not in wanted.setdefault(row, []):
            wanted[row].append(item.code)
    return tuple(_edit(text, row, codes) for row, codes in sorted(wanted.items()))


def _open_rows(text: Text) -> Iterator[int]:
    """The rows at the end of which a comment may stand: in no string, and before no backslash."""
    if text.tree is None:
        return
    for token in tokenize.generate_tokens(io.StringIO("\n".join(text.lines)).readline):
        if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT):
            yield token.start[0]


def _edit(text: Text, row: int, codes: list[str]) -> Edit:
    line = text.lines.row(row)
    present = _LISTED.search(line)
    if present is None:
        end = Position(row, len(line.rstrip()) + 1)
        return Edit(Span(end, end), f"  # nn-lint: ignore[{', '.join(codes)}]")
    end = Position(row, present.end(1) + 1)
    return Edit(Span(end, end), "".join(f", {code}" for code in codes) if present[1].strip() else ", ".join(codes))
