"""Edits put into a text, and the choice of the fixes that can be made together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_lint.diagnostic import Edit, Position, Span
from nn_lint.fixing.apply import apply_edits, first_compatible
from nn_lint.fixing.build import insert_after
from nn_lint.source.lines import Lines

TEXT = "alpha\r\nbeta\ngamma"


def edit(start: tuple[int, int], end: tuple[int, int], content: str) -> Edit:
    return Edit(Span(Position(*start), Position(*end)), content)


def insertion(row: int, column: int, content: str) -> Edit:
    return edit((row, column), (row, column), content)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((), TEXT),
        ((insertion(1, 1, "<"), insertion(3, 6, ">")), "<alpha\r\nbeta\ngamma>"),
        ((edit((1, 1), (2, 1), ""),), "beta\ngamma"),
        ((edit((1, 6), (2, 1), ""),), "alphabeta\ngamma"),
        ((edit((1, 1), (1, 3), "A"), edit((1, 3), (1, 6), "B")), "AB\r\nbeta\ngamma"),
        ((edit((2, 1), (2, 5), "x"), edit((1, 1), (1, 6), "y")), "y\r\nx\ngamma"),
        ((insertion(2, 1, "a"), insertion(2, 1, "b")), "alpha\r\nabbeta\ngamma"),
        ((insertion(2, 1, "b"), insertion(2, 1, "a")), "alpha\r\nbabeta\ngamma"),
        ((edit((2, 1), (2, 5), "new"), insertion(2, 1, "old ")), "alpha\r\nold new\ngamma"),
        ((edit((1, 1), (3, 6), ""),), ""),
        ((insertion(3, 99, "!"),), "alpha\r\nbeta\ngamma!"),
    ],
)
def test_edits_change_what_they_span(edits: tuple[Edit, ...], expected: str) -> None:
    assert apply_edits(Lines(TEXT), edits) == expected


@pytest.mark.parametrize(
    "edits",
    [
        (edit((1, 1), (1, 4), ""), edit((1, 3), (1, 5), "")),
        (edit((1, 1), (2, 3), ""), insertion(2, 1, "x")),
        (edit((1, 2), (1, 4), "a"), edit((1, 2), (1, 4), "b")),
    ],
)
def test_overlapping_edits_are_refused(edits: tuple[Edit, ...]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply_edits(Lines(TEXT), edits)


def test_fixes_that_touch_nothing_common_go_together() -> None:
    fixes = [(insertion(1, 1, "a"),), (edit((2, 1), (2, 3), "b"),), (edit((2, 3), (2, 5), "c"), insertion(3, 1, "d"))]
    assert first_compatible(fixes) == [0, 1, 2]


def test_of_two_fixes_that_overlap_the_first_is_taken() -> None:
    fixes = [
        (edit((1, 1), (1, 4), "a"),),
        (insertion(3, 1, "b"), edit((1, 3), (1, 6), "c")),
        (edit((1, 4), (1, 6), "d"),),
        (insertion(3, 1, "e"),),
    ]
    assert first_compatible(fixes) == [0, 2, 3]


def test_insertions_at_one_place_wait_for_each_other() -> None:
    assert first_compatible([(insertion(1, 1, "a"),), (insertion(1, 1, "b"),)]) == [0]
    assert first_compatible([(insertion(1, 1, "a"),), (edit((1, 1), (1, 3), "b"),)]) == [0]
    assert first_compatible([(edit((1, 1), (1, 3), "a"),), (insertion(1, 3, "b"),)]) == [0]
    assert first_compatible([(insertion(1, 1, "a"),), (insertion(1, 2, "b"),)]) == [0, 1]


def test_a_shared_edit_is_no_conflict() -> None:
    shared = insertion(1, 1, "import math\n")
    fixes = [(shared, insertion(2, 1, "a")), (shared, insertion(3, 1, "b"))]
    assert first_compatible(fixes) == [0, 1]
    edits = dict.fromkeys(item for fix in fixes for item in fix)
    assert apply_edits(Lines(TEXT), edits) == "import math\nalpha\r\nabeta\nbgamma"


@st.composite
def fixes_of(draw: st.DrawFn) -> list[tuple[Edit, ...]]:
    lines = Lines(TEXT)
    fixes = []
    for _ in range(draw(st.integers(0, 6))):
        spans = draw(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 4)), min_size=1, max_size=2))
        edits = []
        end = -1
        for start, length in sorted(spans):
            if start > end and (stop := min(start + length, len(TEXT))) >= start:
                edits.append(
                    Edit(Span(lines.position(start), lines.position(stop)), draw(st.sampled_from(("", "x", "y"))))
                )
                end = stop
        fixes.append(tuple(edits))
    return fixes


@given(fixes_of())
def test_chosen_fixes_can_be_applied_and_no_other_could_be_added(fixes: list[tuple[Edit, ...]]) -> None:
    chosen = first_compatible(fixes)
    assert chosen == sorted(set(chosen))
    assert chosen[:1] == ([0] if fixes else [])
    edits = dict.fromkeys(item for index in chosen for item in fixes[index])
    result = apply_edits(Lines(TEXT), edits)
    assert result == apply_edits(Lines(TEXT), reversed(list(edits)))
    for index in set(range(len(fixes))) - set(chosen):
        assert first_compatible([*(fixes[other] for other in chosen if other < index), fixes[index]])[-1:] != [
            len(chosen)
        ]
    removed = sum(len(Lines(TEXT).slice(item.span)) for item in edits)
    assert len(result) == len(TEXT) - removed + sum(len(item.content) for item in edits)


@pytest.mark.parametrize(
    ("text", "statement", "expected"),
    [
        ("    a = 1  # one\nb", "a = 1", "    a = 1  # one\n    c = 2\nb"),
        ("    a = 1; b = 2\n", "a = 1", "    a = 1; c = 2; b = 2\n"),
        ("    a = 1; b = 2\n", "b = 2", "    a = 1; b = 2; c = 2\n"),
        ("def f(): a = 1\n", "a = 1", "def f(): a = 1; c = 2\n"),
    ],
)
def test_a_statement_follows_another_on_a_shared_row(text: str, statement: str, expected: str) -> None:
    lines = Lines(text)
    start = text.index(statement)
    span = Span(lines.position(start), lines.position(start + len(statement)))
    assert apply_edits(lines, [insert_after(lines, span, ["c = 2"])]) == expected
