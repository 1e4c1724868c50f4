"""Sizes that can and cannot be the same."""

from __future__ import annotations

import libcst as cst
import pytest

from nn_lint.model.polynomials import differ_always, polynomial

_NAMES = frozenset({"a", "b"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("8", "16"),
        ("a", "4 * a"),
        ("a", "a + 1"),
        ("a * b", "2 * a * b"),
        ("a // 2", "a // 2 * 3"),
        ("2 * a + 1", "4"),
        ("a", "2 * a - 0"),
        ("a - 8", "2 * a + 8"),
        ("3 - 1", "4 // 3"),
    ],
)
def test_sizes_that_always_differ(one: str, other: str) -> None:
    assert _differ(one, other)
    assert _differ(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("8", "8"),
        ("a", "100"),
        ("a - 7", "9 * 7"),
        ("8", "8 * (1 + a)"),
        ("8", "8 + a"),
        ("a * a", "25"),
        ("a * b", "35"),
        ("a // 4", "a - 48"),
        ("a", "a * b"),
        ("a // b", "a"),
        ("2 * a", "b - a"),
        ("a // 0", "a // 0 + 0"),
    ],
)
def test_sizes_that_may_agree(one: str, other: str) -> None:
    assert not _differ(one, other)
    assert not _differ(other, one)


@pytest.mark.parametrize("text", ["c", "a / 2", "int(a)", "a ** 2", "self.a", "a % 2"])
def test_what_is_no_polynomial(text: str) -> None:
    assert polynomial(cst.parse_expression(text), _NAMES) is None


def _differ(one: str, other: str) -> bool:
    first, second = (polynomial(cst.parse_expression(text), _NAMES) for text in (one, other))
    return first is not None and second is not None and differ_always(first, second)
