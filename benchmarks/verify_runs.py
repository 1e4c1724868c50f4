"""One package: its classes constructed and run, then the mistakes that were planted in those that ran."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from verify_classes import Drawn, draw
from verify_mutants import Mutant, plant

from nn_lint.config import VerifySettings
from nn_lint.verify.verdict import Run, Stage, Subject
from nn_lint.verify.verifier import Verifier

MISSING = {"ModuleNotFoundError", "MissingPackage", "ImportError"}
SETTINGS = VerifySettings(timeout=30.0)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one class."""

    package: str
    path: str
    run: Run

    @property
    def lacks_imports(self) -> bool:
        """Whether a package that the class needs is not installed."""
        error = self.run.error
        return error is not None and (
            error.kind in MISSING or re.search(r"pip install|is not installed", error.message) is not None
        )

    @property
    def is_interface(self) -> bool:
        """Whether Python or the class itself refuses, since others are to define what it lacks."""
        error = self.run.error
        abstract = error is not None and error.message.startswith("Can't instantiate abstract class")
        return abstract or (error is not None and error.kind == "NotImplementedError" and error.stage is Stage.FORWARD)


class Told(Enum):
    """What the verifier says of a mistake."""

    PLACE = "fails at the right line"
    ELSEWHERE = "fails at another line"
    UNSURE = "unverified"
    FINE = "called fine"


@dataclass(frozen=True, slots=True)
class Judged:
    """A mutant on its own, and by the recipe of the class before."""

    package: str
    mutant: Mutant
    alone: Told
    replayed: Told
    detail: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One package."""

    drawn: Drawn
    done: tuple[Done, ...]
    judged: tuple[Judged, ...]


def measure(package: str, folder: Path, python: Path, most: int, mutants: int, seed: int) -> Measured:
    """Run the drawn classes of a package and judge the mutants of the first ones that ran."""
    drawn = draw(package, folder, most, seed)
    with Verifier(python, SETTINGS) as verifier:
        rooted = [replace(each, roots=(folder.absolute(), *_source_roots(each.path))) for each in drawn.subjects]
        done = [(subject, verifier.run(subject)) for subject in rooted]
        ran = [subject for subject, run in done if run.runs]
        judged = _judge(package, verifier, ran, mutants, random.Random(f"{seed} {package}"))
    base = folder.absolute()
    results = tuple(Done(package, str(subject.path.relative_to(base)), run) for subject, run in done)
    return Measured(drawn, results, judged)


def _judge(
    package: str, verifier: Verifier, subjects: Sequence[Subject], most: int, chance: random.Random
) -> tuple[Judged, ...]:
    planted = [mutant for subject in subjects for mutant in plant(subject, chance)]
    chosen = chance.sample(planted, min(most, len(planted)))
    judged = []
    for mutant in chosen:
        alone = verifier.run(mutant.after)
        replayed = verifier.compare(mutant.before, mutant.after, residual=False).after
        detail = f"alone {alone.line}; replayed {replayed.line}"
        judged.append(Judged(package, mutant, _told(alone, mutant), _told(replayed, mutant), detail))
    return tuple(judged)


def _told(run: Run, mutant: Mutant) -> Told:
    if run.error is None:
        return Told.FINE
    if run.error.ours:
        return Told.UNSURE
    return Told.PLACE if run.error.row in mutant.rows else Told.ELSEWHERE


def _source_roots(path: Path) -> tuple[Path, ...]:
    """The folder that the top-level package stands in."""
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return (folder,)
