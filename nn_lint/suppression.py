"""Comments that silence findings: `# noqa`, `# noqa: NN101`, `# nn-lint: ignore[...]`, `# nn-lint: ignore-file`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nn_lint.diagnostic import Diagnostic, Position, Span
from nn_lint.source.text import Text

_ANY = re.compile(r"#\s*(?:noqa|nn-lint)", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa(?P<codes>\s*:\s*(?P<list>[A-Z][\w-]*(?:[\s,]+[A-Z]+[0-9]+)*))?", re.IGNORECASE)
_IGNORE = re.compile(r"#\s*nn-lint\s*:\s*ignore(?P<file>-file)?(?![\w-])(?:\[(?P<list>[^\]]*)\])?", re.IGNORECASE)
_WORD = re.compile(r"[^\s,]+")
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment, or the part of one, that silences.

    `words` are the codes and names in it with their places, `EVERYTHING` where it gives none. `is_own`: it is written
    for nn-lint alone.
    """

    span: Span
    words: tuple[tuple[str, Span], ...]
    is_file: bool
    is_own: bool

    @property
    def row(self) -> int:
        """Where it stands."""
        return self.span.start.row


@dataclass(frozen=True, slots=True)
class UnusedIgnore:
    """A comment and those of its words that silence nothing."""

    ignore: Ignore
    words: tuple[str, ...]


class Ignores:
    """The comments of one text, and which of them have silenced something so far."""

    def __init__(self, text: Text) -> None:
        self._ignores = tuple(_ignores(text)) if _ANY.search(text.content) else ()
        self._used: set[tuple[Ignore, str]] = set()

    def apply(self, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """The diagnostics that no comment silences. A comment counts on the first row of a finding.

        A finding on a statement of several rows can also be silenced on the statement's last row.
        """
        for item in diagnostics:
            found = [(ignore, word) for ignore in self._near(item) for word in _matches(ignore, item)]
            self._used.update(found)
            if not found:
                yield item

    def unused(self) -> Iterator[UnusedIgnore]:
        """The comments that have silenced nothing, or not by all of their words."""
        for ignore in self._ignores:
            words = tuple(word for word, _ in ignore.words if (ignore, word) not in self._used)
            if words:
                yield UnusedIgnore(ignore, words)

    def _near(self, item: Diagnostic) -> Iterator[Ignore]:
        rows = (item.span.start.row, item.span.end.row)
        return (ignore for ignore in self._ignores if ignore.is_file or ignore.row in rows)


def _matches(ignore: Ignore, item: Diagnostic) -> Iterator[str]:
    return (word for word, _ in ignore.words if word in (EVERYTHING, item.code, item.name))


def _ignores(text: Text) -> Iterator[Ignore]:
    for row, column, comment in _comment_texts(text):
        for pattern in (_NOQA, _IGNORE):
            for match in pattern.finditer(comment):
                span = _span(row, column, match.start(), match.end())
                is_own = pattern is _IGNORE
                words = ((EVERYTHING, span),) if match["list"] is None else tuple(_words(match, row, column))
                yield Ignore(span, words, is_own and match["file"] is not None, is_own)


def _words(match: re.Match[str], row: int, column: int) -> Iterator[tuple[str, Span]]:
    start = match.start("list")
    for found in _WORD.finditer(match["list"]):
        word = found.group()
        name = word.upper() if re.fullmatch(r"[A-Za-z]+[0-9]+", word) else word.lower()
        yield name, _span(row, column, start + found.start(), start + found.end())


def _span(row: int, column: int, start: int, end: int) -> Span:
    return Span(Position(row, column + start), Position(row, column + end))


def _comment_texts(text: Text) -> Iterator[tuple[int, int, str]]:
    """The comments with their places; where the text cannot be tokenised, whatever looks like one."""
    if text.tree is None:
        for row, line in enumerate(text.lines, 1):
            if _ANY.search(line):
                yield row, line.index("#") + 1, line[line.index("#") :]
        return
    for token in tokenize.generate_tokens(io.StringIO("\n".join(text.lines)).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.start[1] + 1, token.string
