"""The diff of `--diff`: unified, byte for byte what `patch` needs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from nn_lint.report.paint import painter

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def render(filename: str, before: str, after: str, *, colour: bool = False) -> Iterator[str]:
    """The lines of the diff, newlines kept as they stand in the file; a missing last newline is told."""
    paint = painter(colour=colour)
    lines = difflib.unified_diff(_LINE.findall(before), _LINE.findall(after), filename, filename)
    for index, line in enumerate(lines):
        text = line.rstrip("\r\n")
        painted = paint(text, "bold" if index < 2 else _STYLES.get(line[0], "none")) if text else text
        yield painted + line[len(text) :]
        if not line.endswith("\n"):
            yield "\n\\ No newline at end of file\n"
