"""The answers to questions about files, in a form that can be kept and compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nn_lint.project.files import ProjectFile, ProjectFiles
from nn_lint.project.questions import (
    CLASS_NAMES,
    EXISTS,
    FACTS,
    IMPORTS,
    MATCHES,
    MENTIONS,
    OF_THE_DISK,
    TEXT,
    Question,
    digest_of_facts,
    on_disk,
)
from nn_lint.source.stamps import digest

Answer = str | bool | None
"""A digest where the answer itself is long."""


def answer(question: Question, files: ProjectFiles) -> Answer:
    """What a file says to a question about its text; `None` where there is no text."""
    kind, path, asked = question
    if kind in OF_THE_DISK:
        return on_disk(question)
    if kind == MENTIONS:
        return "\n".join(sorted(map(str, files.mentions(Path(path), asked))))
    file = files.open(Path(path))
    if kind == EXISTS:
        return file is not None
    if file is None:
        return None
    return file.matches(asked) if kind == MATCHES else _DIGESTS[kind](file)


def _words(words: frozenset[str]) -> str:
    return digest(" ".join(sorted(words)).encode("utf-8", "surrogatepass"))


_DIGESTS: dict[str, Callable[[ProjectFile], str]] = {
    TEXT: lambda file: digest(file.content.encode("utf-8", "surrogatepass")),
    FACTS: lambda file: digest_of_facts(file.facts),
    CLASS_NAMES: lambda file: _words(file.class_names),
    IMPORTS: lambda file: _words(file.imported_words),
}
