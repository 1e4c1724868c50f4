"""Which rules are on: ruff's way with selectors, on rules made for the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from nn_lint.config import ConfigError, Settings
from nn_lint.rules import selection
from nn_lint.rules.rule import Rule

RULES = (
    Rule("NN101", "first", "", ()),
    Rule("NN102", "second", "", ()),
    Rule("NN111", "third", "", (), default=False),
    Rule("NN201", "fourth", "", ()),
)


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "listed_rules", lambda: RULES)


@pytest.mark.parametrize(
    ("select", "ignore", "extend", "codes"),
    [
        ("", "", "", "NN101 NN102 NN201"),
        ("ALL", "", "", "NN101 NN102 NN111 NN201"),
        ("NN", "NN1", "", "NN201"),
        ("NN1", "", "", "NN101 NN102 NN111"),
        ("NN1", "NN101", "", "NN102 NN111"),
        ("NN10", "NN1", "", "NN101 NN102"),
        ("NN101", "NN1", "", "NN101"),
        ("NN1", "NN1", "", ""),
        ("", "NN1", "", "NN201"),
        ("", "ALL", "", ""),
        ("", "ALL", "NN101", "NN101"),
        ("", "", "NN111", "NN101 NN102 NN111 NN201"),
        ("", "", "third", "NN101 NN102 NN111 NN201"),
        ("first", "", "fourth", "NN101 NN201"),
        ("ALL", "second fourth", "", "NN101 NN111"),
        ("NN201", "", "", "NN201"),
    ],
)
def test_the_more_specific_selector_wins(select: str, ignore: str, extend: str, codes: str) -> None:
    settings = Settings(
        Path(), select=tuple(select.split()), ignore=tuple(ignore.split()), extend_select=tuple(extend.split())
    )
    assert selection.select_rules(settings) == frozenset(codes.split())


@pytest.mark.parametrize(
    ("word", "hint"),
    [("NN20I", "did you mean `NN201`?"), ("frist", "did you mean `first`?"), ("", ""), ("E501", ""), ("nn101", "")],
)
def test_unknown_selectors_name_the_nearest(word: str, hint: str) -> None:
    for settings in (Settings(Path(), select=(word,)), Settings(Path(), ignore=(word,))):
        with pytest.raises(ConfigError, match=rf"^unknown rule selector `{word}`") as caught:
            selection.select_rules(settings)
        assert hint in str(caught.value)
