"""How often each rule was broken, the most frequent first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic
from nn_lint.report.fixability import is_fixable


def render(diagnostics: Iterable[Diagnostic], settings: Settings) -> Iterator[str]:
    """A row for each rule: how many findings, `[*]` where all can be fixed and `[-]` where some can."""
    rows = _count(diagnostics, settings)
    width = max((len(str(total)) for *_, total, _ in rows), default=0)
    for code, name, total, fixable in rows:
        mark = "[*]" if fixable == total else "[-]" if fixable else "[ ]"
        yield f"{total:>{width}}  {code}  {mark}  {name}"


def render_json(diagnostics: Iterable[Diagnostic], settings: Settings) -> str:
    """The same as a list of objects."""
    rows = _count(diagnostics, settings)
    names = ("code", "name", "count", "fixable_count")
    return json.dumps([dict(zip(names, row)) for row in rows], indent=2) + "\n"


def _count(diagnostics: Iterable[Diagnostic], settings: Settings) -> list[tuple[str, str, int, int]]:
    counts: Counter[tuple[str, str]] = Counter()
    fixable: Counter[tuple[str, str]] = Counter()
    for item in diagnostics:
        counts[item.code, item.name] += 1
        fixable[item.code, item.name] += is_fixable(item, settings)
    return [(*key, total, fixable[key]) for key, total in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
