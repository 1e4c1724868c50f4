"""The full format: the head line of a finding, its source line in a frame with carets, and what a fix would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic, Severity
from nn_lint.report.fixability import is_fixable
from nn_lint.report.paint import Paint, painter

_TAB = 4
_WIDEST = 160
_MARGIN = 40
_CONTROL_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}


def render(diagnostics: Iterable[Diagnostic], settings: Settings, *, colour: bool = False) -> Iterator[str]:
    """A block of lines for each finding, an empty line at its end."""
    paint = painter(colour=colour)
    for diagnostic in diagnostics:
        yield "\n".join(_block(diagnostic, settings, paint))


def _block(diagnostic: Diagnostic, settings: Settings, paint: Paint) -> Iterator[str]:
    yield _head(diagnostic, settings, paint)
    start, end = diagnostic.span.start, diagnostic.span.end
    source, indent, width = frame(diagnostic.line, start.column, end.column if end.row == start.row else None)
    number = str(start.row)
    bar = paint("|", "bold blue")
    gutter = " " * len(number)
    style = "bold red" if diagnostic.severity is Severity.ERROR else "bold yellow"
    yield f"{gutter} {bar}"
    yield f"{paint(number, 'bold blue')} {bar} {source}".rstrip()
    yield f"{gutter} {bar} {' ' * indent}{paint('^' * width + ' ' + diagnostic.code, style)}"
    yield f"{gutter} {bar}"
    if diagnostic.fix is not None:
        yield f"{gutter} {paint('=', 'bold blue')} {paint('help', 'bold')}: {diagnostic.fix.message}"
    yield ""


def _head(diagnostic: Diagnostic, settings: Settings, paint: Paint) -> str:
    start = diagnostic.span.start
    colon = paint(":", "cyan")
    place = f"{paint(diagnostic.filename, 'bold')}{colon}{start.row}{colon}{start.column}{colon}"
    mark = f"[{paint('*', 'cyan')}] " if is_fixable(diagnostic, settings) else ""
    style = "bold red" if diagnostic.severity is Severity.ERROR else "bold yellow"
    return f"{place} {paint(diagnostic.code, style)} {mark}{diagnostic.message}"


def frame(line: str, start: int, end: int | None) -> tuple[str, int, int]:
    """A source line as a terminal shows it, the cells before the carets, and how many carets there are.

    Columns count from 1; without `end` the carets run to the end of the line. Tabs become spaces, control characters
    become pictures, and a very long line is cut around the carets.
    """
    from rich.cells import cell_len

    first = min(start - 1, len(line))
    last = len(line.rstrip()) if end is None else min(end - 1, len(line))
    cut_before = max(first - _MARGIN, 0) if len(line) > _WIDEST else 0
    cut_after = min(len(line), cut_before + _WIDEST)
    before = _shown(line[cut_before:first], 0)
    marked = _shown(line[first : min(last, cut_after)], cell_len(before))
    after = _shown(line[max(last, first) : cut_after], cell_len(before + marked))
    opening, closing = "…" * (cut_before > 0), "…" * (cut_after < len(line))
    return (
        f"{opening}{before}{marked}{after}{closing}",
        cell_len(opening) + cell_len(before),
        max(cell_len(marked), 1),
    )


def _shown(text: str, column: int) -> str:
    """Text that begins at a column of the terminal, its tabs expanded."""
    from rich.cells import cell_len

    parts = []
    for piece in text.replace("\t", "\0\t\0").split("\0"):
        shown = " " * (_TAB - column % _TAB) if piece == "\t" else piece.translate(_CONTROL_PICTURES)
        parts.append(shown)
        column += cell_len(shown)
    return "".join(parts)
