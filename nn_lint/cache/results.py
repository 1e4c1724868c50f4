"""What comes out of the analysis of some files: findings, the answers that they rest on, and the disk as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.diagnostic import Diagnostic
from nn_lint.source.stamps import Listing, Seen

if TYPE_CHECKING:
    from nn_lint.project.answers import Answer
    from nn_lint.project.questions import Question


@dataclass(frozen=True, slots=True)
class Result:
    """The findings of one file, and what was asked about other files to find them; a `failure` is not kept."""

    path: str
    diagnostics: tuple[Diagnostic, ...]
    failure: str | None
    questions: frozenset[Question]


@dataclass(frozen=True, slots=True)
class Results:
    """The results of some files. `seen` and `listings` are what the analysis read, by absolute paths."""

    results: tuple[Result, ...]
    answers: Mapping[Question, Answer]
    seen: Mapping[str, Seen]
    listings: Mapping[str, Listing]
