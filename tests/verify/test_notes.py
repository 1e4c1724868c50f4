"""Which notes are shown: each once, and none that is silenced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nn_lint.config import Settings
from nn_lint.source.text import Text
from nn_lint.verify.notes import NAMES, shown
from nn_lint.verify.verdict import Note, Run

SETTINGS = Settings(root=Path())
TEXT = "class Net:\n    def __init__(self):\n        self.b = 1{}\n"
NOTE = Note("NN604", "no gradient", 3, True)
BARE = Note("NN606", "samples meet", None, False)
RUN = Run("Net", True, True, notes=(NOTE, BARE))


def left(runs: list[Run], comment: str = "", settings: Settings = SETTINGS) -> list[tuple[Note, ...]]:
    return [run.notes for run in shown(runs, Text(TEXT.format(comment)), settings)]


def test_what_is_said_of_a_line_is_said_once() -> None:
    parent = replace(RUN, class_name="Parent", notes=(replace(NOTE, message="no gradient of Net"),))
    assert left([RUN, parent]) == [(NOTE, BARE), ()]


def test_notes_without_a_line_belong_to_their_class() -> None:
    assert left([RUN, replace(RUN, class_name="Other", notes=(BARE,))]) == [(NOTE, BARE), (BARE,)]


@pytest.mark.parametrize(
    "comment",
    ["  # nn-lint: ignore[NN604]", "  # nn-lint: ignore[parameter-without-gradient]", "  # noqa: NN604"],
)
def test_a_comment_silences_the_line(comment: str) -> None:
    assert left([RUN], comment) == [(BARE,)]


def test_a_comment_about_something_else_does_not() -> None:
    assert left([RUN], "  # nn-lint: ignore[NN101]") == [(NOTE, BARE)]


@pytest.mark.parametrize("word", ["NN604", "parameter-without-gradient"])
def test_the_configuration_silences_by_code_or_name(word: str) -> None:
    assert left([RUN], settings=replace(SETTINGS, ignore=(word,))) == [(BARE,)]


def test_every_code_has_a_name() -> None:
    assert len(set(NAMES.values())) == len(NAMES) == 5
