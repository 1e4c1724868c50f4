"""Which notes of a file's runs are shown: each once, and none that a comment or the configuration silences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic, Position, Span
from nn_lint.source.text import Text
from nn_lint.suppression import Ignores
from nn_lint.verify.verdict import Note, Run

NAMES = {
    "NN604": "parameter-without-gradient",
    "NN606": "batch-dependence",
    "NN607": "mode-dependence",
    "NN608": "not-finite",
    "NN609": "export-fails",
}


def shown(runs: Sequence[Run], text: Text, settings: Settings) -> list[Run]:
    """The runs with the notes that are left. What is said of a line is said once, though many models hold its class."""
    ignores = Ignores(text)
    seen: set[tuple[str, int]] = set()

    def left(notes: Sequence[Note]) -> Iterator[Note]:
        for note in notes:
            place = (note.code, note.row or 0)
            if (note.row is not None and place in seen) or is_silenced(note, ignores, settings):
                continue
            seen.add(place)
            yield note

    return [replace(run, notes=tuple(left(run.notes))) for run in runs]


def is_silenced(note: Note, ignores: Ignores, settings: Settings) -> bool:
    """Whether the configuration ignores a note's code or name, or a comment does on its line or for the whole file."""
    if any(note.code.startswith(word) or NAMES[note.code] == word for word in settings.ignore):
        return True
    place = Position(note.row or 0, 1)
    as_finding = Diagnostic(note.code, NAMES[note.code], note.message, "", Span(place, place), "")
    return not list(ignores.apply([as_finding]))
