"""The modules of many files as something to construct and run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from nn_lint.config import Settings
from nn_lint.project.facts import ClassFacts
from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import Hierarchy, Kinship, ProjectClass
from nn_lint.runner.session import Session
from nn_lint.source.decoding import UndecodableError
from nn_lint.verify.asking import asked_above
from nn_lint.verify.verdict import Asked, Subject


def subjects_of(paths: Sequence[Path], settings: Settings) -> Iterator[tuple[Path, tuple[Subject, ...]]]:
    """The files that define modules with a `forward`, and each of these modules as something to construct and run."""
    session = Session(settings, paths)
    for path in paths:
        try:
            file, _ = session.read(path)
        except (OSError, UndecodableError):
            continue
        subjects = tuple(_subject(session, file, facts) for facts in _runnable(session.hierarchy, file))
        if subjects:
            yield path, subjects


def _subject(session: Session, file: ProjectFile, facts: ClassFacts) -> Subject:
    name = facts.qualified_name
    asked = asked_above(file.text.lines, facts.first_row) or tuple(
        Asked(arguments, inputs, "configuration")
        for known, arguments, inputs in session.settings.verify.modules
        if known in {name, facts.name}
    )
    callers = session.engine.callers(file, name)
    return Subject(file.path, file.text.content, name, session.settings.roots, callers, asked)


def _runnable(hierarchy: Hierarchy, file: ProjectFile) -> Iterator[ClassFacts]:
    for facts in file.facts.classes:
        cls = ProjectClass(file, facts)
        if facts.in_function or hierarchy.ancestry(cls).kinship is not Kinship.MODULE:
            continue
        if facts.method("forward") is not None or hierarchy.inherited(cls, "forward") is not None:
            yield facts
