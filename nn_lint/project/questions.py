"""What the analysis of one file asks about others, and the answers: by these a kept result is known to hold still.

Every access to a file goes through `ProjectFile` and `ProjectFiles`, which note it here. A result that is remembered
for several askers keeps the questions that led to it, and hands them to each asker.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING

from nn_lint.source.stamps import digest

if TYPE_CHECKING:
    from nn_lint.project.facts import FileFacts

Question = tuple[str, str, str]
"""A kind, a path, and what was asked for at it."""

TEXT = "text"
"""The words of a file."""
FACTS = "facts"
"""The names and classes of a file, wherever their rows stand."""
CLASS_NAMES = "class names"
IMPORTS = "imports"
MATCHES = "matches"
"""Whether a pattern is found in a file."""
EXISTS = "exists"
"""Whether there is a text at a path."""
IS_FILE = "is file"
IS_FOLDER = "is folder"
MENTIONS = "mentions"
"""Which files near a package say a word."""

OF_THE_DISK = frozenset({IS_FILE, IS_FOLDER})
"""The kinds that are answered without reading anything."""

_ROWS = frozenset({"first_row", "row", "end_row", "filename"})


class Record:
    """The questions of the analysis that is under way, and of the parts of it whose results are remembered."""

    def __init__(self) -> None:
        self._frames: list[set[Question]] = []

    def note(self, question: Question) -> None:
        """A question was asked, now or when an answer that is used again was found."""
        if self._frames:
            self._frames[-1].add(question)

    def note_all(self, questions: Iterable[Question]) -> None:
        """The questions behind a remembered result."""
        if self._frames:
            self._frames[-1].update(questions)

    @contextmanager
    def frame(self) -> Iterator[set[Question]]:
        """All that is asked inside; whoever is around it has asked it too."""
        questions: set[Question] = set()
        self._frames.append(questions)
        try:
            yield questions
        finally:
            self._frames.pop()
            self.note_all(questions)


def on_disk(question: Question) -> bool:
    """What the disk says to a question of the kinds that need no reading."""
    kind, path, _ = question
    return os.path.isfile(path) if kind == IS_FILE else os.path.isdir(path)


def digest_of_facts(facts: FileFacts) -> str:
    """A digest of facts without their rows; who needs rows of another file needs its text too."""
    order = [cls.qualified_name for cls in sorted(facts.classes, key=lambda cls: cls.row)]
    return digest(repr((_plain(facts), order)).encode("utf-8", "surrogatepass"))


def _plain(value: object) -> object:
    """Nested tuples that look the same in every process."""
    if is_dataclass(value):
        return tuple(_plain(getattr(value, item.name)) for item in fields(value) if item.name not in _ROWS)
    if isinstance(value, Mapping):
        return tuple(sorted((key, _plain(item)) for key, item in value.items()))
    if isinstance(value, (tuple, list)):
        return tuple(map(_plain, value))
    if isinstance(value, (set, frozenset)):
        return tuple(sorted(map(repr, map(_plain, value))))
    return value.name if isinstance(value, Enum) else value
