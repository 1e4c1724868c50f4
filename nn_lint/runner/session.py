"""One process of a run: the engine, the files that it has read so far, and the boundary around the work on each."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from nn_lint.cache.results import Result, Results
from nn_lint.config import Settings
from nn_lint.engine import Engine
from nn_lint.project.answers import Answer, answer
from nn_lint.project.files import ProjectFile, ProjectFiles
from nn_lint.project.hierarchy import Hierarchy
from nn_lint.project.questions import Question
from nn_lint.rules.selection import ignored_in, select_rules
from nn_lint.runner.reports import FileReport, display_name
from nn_lint.source.decoding import Decoded, UndecodableError
from nn_lint.source.stamps import CHANGED, full_name
from nn_lint.source.text import Text


class Session:
    """The engine and the files that it has read so far; one a process, since neither is shared."""

    def __init__(self, settings: Settings, paths: Sequence[Path] = ()) -> None:
        self.settings = settings
        self.files = ProjectFiles(settings.roots, neighbours=tuple(paths))
        self.hierarchy = Hierarchy(self.files, settings.module_bases)
        self.engine = Engine(
            self.hierarchy,
            select_rules(settings),
            suspicions=settings.suspicions,
            ignored_in=partial(ignored_in, settings=settings),
        )
        self._answers: dict[Question, Answer] = {}

    def read(self, path: Path) -> tuple[ProjectFile, Decoded]:
        """A file of the disk as the engine takes it, and how it is written back."""
        decoded = self.files.read(path.absolute())
        return self.open(path, decoded), decoded

    def open(self, path: Path, decoded: Decoded, *, is_on_disk: bool = False) -> ProjectFile:
        """A text as the engine takes it."""
        return self.files.add(path.absolute(), Text(decoded.text, display_name(path)), is_on_disk=is_on_disk)

    def check(self, path: Path) -> Result:
        """What is found in a file, and what was asked about other files to find it."""
        with self.files.record.frame() as questions:
            report = guarded(path, self._check)
        own = full_name(path)
        asked = frozenset(item for item in questions if item[1] != own)
        return Result(own, report.diagnostics, report.failure, asked)

    def _check(self, path: Path) -> FileReport:
        file = self.open(path, self.files.read(path.absolute()), is_on_disk=True)
        diagnostics = self.engine.check(file)
        file.release()
        return FileReport(display_name(path), diagnostics)

    def results(self, paths: Sequence[Path]) -> Results:
        """What is found in some files, with the answers behind it and the state of the disk that it holds for."""
        checked = tuple(map(self.check, paths))
        asked = {question for result in checked for question in result.questions}
        for question in asked - self._answers.keys():
            self._answers[question] = self._answer(question)
        return Results(
            checked,
            {question: self._answers[question] for question in asked},
            {str(path): seen for path, seen in self.files.seen.items()},
            {str(folder): listing for folder, listing in self.files.listings.items()},
        )

    def _answer(self, question: Question) -> Answer:
        """The answer, or what no answer will ever equal if the file has changed since it was asked."""
        if self.files.seen.get(Path(question[1])) == CHANGED:
            return f"changed while it was read {os.urandom(8).hex()}"
        return answer(question, self.files)


def guarded(path: Path, work: Callable[[Path], FileReport]) -> FileReport:
    """The per-file boundary: whatever goes wrong with one file is reported, and the others go on."""
    try:
        return work(path)
    except OSError as error:
        failure = f"cannot be read or written: {error.strerror or error}"
    except UndecodableError as error:
        failure = str(error)
    except Exception:  # noqa: BLE001
        failure = f"nn-lint failed on this file; please report it:\n{traceback.format_exc()}"
    return FileReport(display_name(path), (), failure=failure)
