"""Rows, columns and offsets: the way there and back."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_lint.diagnostic import Position, Span
from nn_lint.source.lines import Lines

TEXTS = st.text(st.sampled_from("ab \t\r\n\f\x0b\x1c\x85\u2028é😀"), max_size=40)


@given(TEXTS)
def test_offsets_come_back_from_positions(text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text) + 1):
        position = lines.position(offset)
        assert lines.offset(position) == offset
        assert 1 <= position.row <= lines.count


@given(TEXTS)
def test_rows_with_their_newlines_are_the_text(text: str) -> None:
    lines = Lines(text)
    assert "".join(lines.rows(row, row) for row in range(1, lines.count + 1)) == text
    assert lines.rows(1, lines.count) == text
    assert list(lines) == text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@given(TEXTS, st.integers(0, 40), st.integers(0, 40))
def test_a_slice_is_the_text_between_its_ends(text: str, first: int, second: int) -> None:
    lines = Lines(text)
    start, end = sorted((min(first, len(text)), min(second, len(text))))
    assert lines.slice(Span(lines.position(start), lines.position(end))) == text[start:end]


@given(TEXTS)
def test_an_indentation_begins_its_row(text: str) -> None:
    lines = Lines(text)
    for row in range(1, lines.count + 1):
        indent = lines.indentation(row)
        assert set(indent) <= set(" \t\f")
        assert lines.row(row).startswith(indent)
        assert lines.row(row)[len(indent) : len(indent) + 1] not in (" ", "\t", "\f")


@pytest.mark.parametrize(
    ("text", "newline"),
    [("", "\n"), ("a", "\n"), ("a\r\nb\n", "\r\n"), ("a\rb\r\n", "\r"), ("a\x0cb\u2028c\n\r\n", "\n")],
)
def test_the_newline_is_the_first_one(text: str, newline: str) -> None:
    assert Lines(text).newline == newline


def test_a_column_past_the_end_stays_in_its_row() -> None:
    lines = Lines("ab\r\ncd")
    assert lines.offset(Position(1, 3)) == 2
    assert lines.offset(Position(1, 99)) == 4
    assert lines.offset(Position(2, 99)) == 6


def test_rows_outside_are_empty() -> None:
    lines = Lines("a\n")
    assert (lines.row(0), lines.row(1), lines.row(2), lines.row(3)) == ("", "a", "", "")


@given(
    st.lists(st.sampled_from(("a = 1", "\f", "  ", "# é\x0b\x85\u2028", "'''\f\x1c'''", "b = '\u2028'")), max_size=8),
    st.sampled_from(("\n", "\r\n", "\r")),
)
def test_rows_are_those_of_cpython(rows: list[str], newline: str) -> None:
    text = newline.join(rows)
    found = {node.lineno: Lines(text).row(node.lineno) for node in ast.parse(text).body}
    assert found == {number: row for number, row in enumerate(rows, 1) if row.strip() and not row.startswith("#")}
