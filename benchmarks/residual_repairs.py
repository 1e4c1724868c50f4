"""Repairs of mutants, run in torch beside the blocks that the mutants were made of: the same numbers, or not."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from residual_mutants import Mutant, Planted
from residual_scan import RULES, open_session

from nn_lint.config import VerifySettings
from nn_lint.engine import Mended
from nn_lint.runner.session import Session
from nn_lint.verify.verdict import Level, Subject
from nn_lint.verify.verifier import Verifier

_SECONDS = 30.0


class Outcome(Enum):
    """How a repaired block compares with the one that the package has."""

    EQUAL = "equal in numbers"
    PROVEN = "same shapes, and the input is proven to arrive (a projection)"
    SAME_SHAPES = "same shapes, other numbers, and no proof"
    OTHER = "other shapes, or it fails"
    UNMENDED = "the repair was not applied, or a finding is left"
    UNRUNNABLE = "the block of the package could not be run"


CONFIRMED = (Outcome.EQUAL, Outcome.PROVEN)


@dataclass(frozen=True, slots=True)
class Repaired:
    """One repair. `detail` says what went wrong."""

    mutant: Mutant
    hardness: int
    outcome: Outcome
    detail: str = ""


def repair(folder: Path, jobs: Sequence[tuple[Mutant, int]]) -> list[Repaired]:
    """Mend mutants of one package and compare each with its original."""
    session = open_session(folder)
    with Verifier(Path(sys.executable), VerifySettings(timeout=_SECONDS)) as verifier:
        return [
            Repaired(mutant, hardness, *_outcome(session, verifier, folder, mutant, hardness))
            for mutant, hardness in jobs
        ]


def _outcome(session: Session, verifier: Verifier, folder: Path, mutant: Mutant, hardness: int) -> tuple[Outcome, str]:
    path = folder.absolute() / mutant.path
    original = session.hierarchy.files.open(path)
    assert original is not None, "the class was found in this file"
    with Planted(session, folder.absolute(), mutant, hardness) as cls:
        broken, name = cls.definition.file.text.content, cls.facts.name
        mended = _mended(session, path, cls.facts.qualified_name)
    if mended.content == broken or any(
        item.code.startswith(RULES) and item.class_name == cls.facts.qualified_name for item in mended.remaining
    ):
        return Outcome.UNMENDED, "; ".join(item.message for item in mended.remaining if item.code.startswith(RULES))
    roots = (folder.absolute(), *_source_roots(path))
    before, without, after = (
        Subject(path, re.sub(rf"\b{name}\b", mutant.bare_name, content), mutant.name, roots)
        for content in (original.text.content, broken, mended.content)
    )
    return _compared(verifier, before, without, after)


def _mended(session: Session, path: Path, name: str) -> Mended:
    file = session.hierarchy.files.open(path)
    assert file is not None, "the mutant was put there"
    return session.engine.fix(file, lambda item: item.class_name == name and item.code.startswith(RULES))


def _source_roots(path: Path) -> Iterator[Path]:
    """The folder that the top-level package stands in."""
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    yield folder


def _compared(verifier: Verifier, before: Subject, without: Subject, after: Subject) -> tuple[Outcome, str]:
    verdict = verifier.compare(before, after, residual=False)
    if verdict.before is None or not verdict.before.runs:
        return Outcome.UNRUNNABLE, verdict.before.line if verdict.before is not None else ""
    if verdict.level is Level.EQUIVALENT:
        return Outcome.EQUAL, ""
    if verdict.level is not Level.SAME_SHAPES:
        return Outcome.OTHER, verdict.after.line
    proof = verifier.compare(without, after, residual=True).residual
    if proof is not None and proof.holds:
        return Outcome.PROVEN, ""
    return Outcome.SAME_SHAPES, proof.reason if proof is not None else ""
