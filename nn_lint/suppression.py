"""Comments that silence findings: `# noqa`, `# noqa: NN101`, `# nn-lint: ignore[...]`, `# nn-lint: ignore-file`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from nn_lint.diagnostic import Diagnostic
from nn_lint.source.text import Text

_ANY = re.compile(r"#\s*(?:noqa|nn-lint)", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa(?P<codes>\s*:\s*(?P<list>[A-Z][\w-]*(?:[\s,]+[A-Z]+[0-9]+)*))?", re.IGNORECASE)
_IGNORE = re.compile(r"#\s*nn-lint\s*:\s*ignore(?P<file>-file)?(?![\w-])(?:\[(?P<list>[^\]]*)\])?", re.IGNORECASE)


def apply(text: Text, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The diagnostics that no comment silences. A comment counts on the first row of a finding.

    A finding on a statement of several rows can also be silenced on the statement's last row.
    """
    if not _ANY.search(text.content):
        yield from diagnostics
        return
    rows, whole = _comments(text)
    if None in whole:
        return
    for item in diagnostics:
        wanted = {item.code, item.name}
        if wanted & whole:
            continue
        near = (rows.get(item.span.start.row), rows.get(item.span.end.row))
        if not any(found is not None and (None in found or wanted & found) for found in near):
            yield item


def _comments(text: Text) -> tuple[dict[int, set[str | None]], set[str | None]]:
    """Codes and names silenced by row, and for the whole file; `None` stands for all of them."""
    rows: dict[int, set[str | None]] = {}
    whole: set[str | None] = set()
    for row, comment in _comment_texts(text):
        for match in _NOQA.finditer(comment):
            rows.setdefault(row, set()).update(_names(match["list"]))
        for match in _IGNORE.finditer(comment):
            target = whole if match["file"] else rows.setdefault(row, set())
            target.update(_names(match["list"]))
    return rows, whole


def _comment_texts(text: Text) -> Iterator[tuple[int, str]]:
    """The comments with their rows; where the text cannot be tokenised, whatever looks like one."""
    if text.tree is None:
        for row, line in enumerate(text.lines, 1):
            if _ANY.search(line):
                yield row, line[line.index("#") :]
        return
    for token in tokenize.generate_tokens(io.StringIO("\n".join(text.lines)).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _names(listed: str | None) -> set[str | None]:
    if listed is None:
        return {None}
    found = {item for item in re.split(r"[\s,]+", listed.strip()) if item}
    return {item.upper() if re.fullmatch(r"[A-Za-z]+[0-9]+", item) else item.lower() for item in found}
