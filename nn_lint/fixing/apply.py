"""Edits put into a text: fixes that overlap wait for the next pass, every byte outside stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nn_lint.diagnostic import Edit
from nn_lint.source.lines import Lines


def apply_edits(lines: Lines, edits: Iterable[Edit]) -> str:
    """The text with the edits in it; they must not overlap. Insertions at one place keep their order."""
    pieces: list[str] = []
    end = 0
    for edit in sorted(edits, key=lambda item: item.span):
        start = lines.offset(edit.span.start)
        if start < end:
            raise ValueError("edits overlap")
        pieces += (lines.text[end:start], edit.content)
        end = max(lines.offset(edit.span.end), start)
    return "".join((*pieces, lines.text[end:]))


def first_compatible(fixes: Sequence[tuple[Edit, ...]]) -> list[int]:
    """The indices of the fixes that can be applied together, earlier ones first.

    Fixes that share an edit (one import that both need) are compatible; two fixes that insert different texts at one
    place are not, since their order would be a guess.
    """
    chosen: list[int] = []
    taken: list[Edit] = []
    for index, edits in enumerate(fixes):
        fresh = [edit for edit in edits if edit not in taken]
        if not any(_conflict(edit, other) for edit in fresh for other in taken):
            chosen.append(index)
            taken.extend(fresh)
    return chosen


def _conflict(first: Edit, second: Edit) -> bool:
    a, b = first.span, second.span
    if a.start == a.end or b.start == b.end:
        return a.start <= b.end and b.start <= a.end
    return a.start < b.end and b.start < a.end
