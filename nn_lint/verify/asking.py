"""What the user asks to be run: comments above a class, `# nn-lint: verify Block(64) input=(2, 64, 8, 8)`, and the
table of the configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.source.lines import Lines
from nn_lint.verify.verdict import Asked

_COMMENT = re.compile(r"\s*#\s*nn-lint\s*:\s*verify\b(?P<text>.*)")
_INPUT = re.compile(r"\binputs?\s*=")
_OPENING, _CLOSING = "([{", ")]}"


def asked_above(lines: Lines, first_row: int) -> tuple[Asked, ...]:
    """The requests in the comments directly above the row (1-based) that a class begins in, from top to bottom."""
    found: list[Asked] = []
    row = first_row - 1
    while row > 0 and (line := lines.row(row)).lstrip().startswith("#"):
        match = _COMMENT.match(line)
        if match is not None:
            found.insert(0, read_request(match["text"], f"comment in row {row}"))
        row -= 1
    return tuple(found)


def read_request(text: str, origin: str) -> Asked:
    """`Block(64, stride=2) input=(2, 64, 8, 8)`, of which either part may be missing."""
    place = next(_inputs_at(text), None)
    call, inputs = (text, None) if place is None else (text[: place[0]], text[place[1] :].strip())
    call = call.strip()
    if not call:
        return Asked(None, inputs, origin)
    opening = call.find("(")
    is_call = opening > 0 and call.endswith(")")
    return Asked(call[opening + 1 : -1].strip() if is_call else call, inputs, origin)


def _inputs_at(text: str) -> Iterator[tuple[int, int]]:
    """Where `input=` begins and ends, outside all brackets."""
    for match in _INPUT.finditer(text):
        before = text[: match.start()]
        if sum(map(before.count, _OPENING)) == sum(map(before.count, _CLOSING)):
            yield match.start(), match.end()
