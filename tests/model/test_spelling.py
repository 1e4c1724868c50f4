"""Near misses of names, and names that only look like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_lint.model.spelling import is_misspelled_forward, is_misspelled_init, is_misspelled_self, slips

WORDS = st.text(st.sampled_from("forwadx"), max_size=9)


@pytest.mark.parametrize(
    "name",
    ("__int__ _init_ __init init__ __init_ _init__ ___init__ __inti__ __ini__ __nit__ __iniit__").split(),
)
def test_slips_of_init(name: str) -> None:
    assert is_misspelled_init(name)


@pytest.mark.parametrize(
    "name",
    (
        "__init__ init _init init_ _int int __str__ __len__ __iter__ __exit__ __del__ init_weights "
        "_init_weights __init_subclass__ reset __call__ __hint__x Init"
    ).split(),
)
def test_names_that_are_no_slip_of_init(name: str) -> None:
    assert not is_misspelled_init(name)


@pytest.mark.parametrize(
    "name",
    ["foward", "forword", "Forward", "FORWARD", "froward", "forwrad", "fordward", "forwad", "forwardd", "fowrard"],
)
def test_slips_of_forward(name: str) -> None:
    assert is_misspelled_forward(name)


@pytest.mark.parametrize(
    "name",
    (
        "forward forwards backward reward toward _forward forward_ forward_features forward2 feed find fold "
        "field record for steward rewarded fast_forward"
    ).split(),
)
def test_names_that_are_no_slip_of_forward(name: str) -> None:
    assert not is_misspelled_forward(name)


def test_slips_of_self() -> None:
    assert all(is_misspelled_self(name) for name in ("slef", "sefl", "Self", "SELF", "selff", "sel", "elf"))
    assert not any(is_misspelled_self(name) for name in ("self", "this", "cls", "shelf", "_self", "self_", "ctx", ""))


@given(WORDS, WORDS)
def test_slips_are_a_distance(first: str, second: str) -> None:
    found = slips(first, second)
    assert found == slips(second, first)
    assert (found == 0) == (first == second)
    assert abs(len(first) - len(second)) <= found <= max(len(first), len(second))


@given(WORDS, st.integers(0, 9), st.sampled_from("fx"))
def test_one_slip_counts_once(word: str, place: int, letter: str) -> None:
    at = min(place, len(word))
    assert slips(word, word[:at] + letter + word[at:]) == 1
    if at + 1 < len(word) and word[at] != word[at + 1]:
        assert slips(word, word[:at] + word[at + 1] + word[at] + word[at + 2 :]) == 1
