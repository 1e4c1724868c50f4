"""`--export`: what keeps a module from being exported, at the user's line; without the option nothing is said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nn_lint.config import VerifySettings
from nn_lint.verify.verdict import Note, Run, Subject
from nn_lint.verify.verifier import Verifier
from tests.verify.making import LINEAR, net

DECIDES = net(LINEAR, "y = self.a(x)\nif y.sum() > 0:\n return y\nreturn -y")


@pytest.fixture(scope="module")
def exporting() -> Iterator[Verifier]:
    """A verifier that tries to export."""
    with Verifier(Path(sys.executable), VerifySettings(timeout=60.0, export=True)) as running:
        yield running


@pytest.fixture
def notes(exporting: Verifier, subject: Callable[..., Subject]) -> Callable[[str], tuple[Note, ...]]:
    """What is said about a class of a text."""

    def said(text: str) -> tuple[Note, ...]:
        run = exporting.run(subject(text))
        assert run.runs and not run.unfinished, run
        return run.notes

    return said


BREAKING = {
    "a decision": (DECIDES, 11, "a decision or a size depends on the values of a tensor"),
    "a size": (net(LINEAR, "n = int(x.abs().sum())\nreturn self.a(x)[:n]"), 10, "depends on the values of a tensor"),
    "numpy": (net(LINEAR, "y = self.a(x).detach().numpy()\nreturn torch.from_numpy(y * 2)"), 10, "numpy"),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_it_and_where(notes: Callable[[str], tuple[Note, ...]], name: str) -> None:
    text, row, words = BREAKING[name]
    (note,) = (each for each in notes(text) if each.code == "NN609")
    assert (note.row, note.sure) == (row, True)
    assert note.message.startswith(f"torch.export fails in line {row}: ") and words in note.message


@pytest.mark.parametrize("result", ["self.a(x)", "{'y': [self.a(x)]}", "self.a(x) if x.shape[0] > 1 else x"])
def test_what_can_be_exported(notes: Callable[[str], tuple[Note, ...]], result: str) -> None:
    assert notes(net(LINEAR, f"return {result}")) == ()


def test_nothing_is_exported_unless_asked(run: Callable[..., Run]) -> None:
    assert run(DECIDES).notes == ()
