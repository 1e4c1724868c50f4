"""What a check says: positions, edits, fixes and diagnostics; plain values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Applicability(Enum):
    """How far a fix can be trusted.

    `SAFE` cannot change what a working model computes. `VERIFIED` changes the model, so it is kept only when a run in
    torch confirms it. `UNSAFE` is applied only when the user asks for unsafe fixes.
    """

    SAFE = "safe"
    VERIFIED = "verified"
    UNSAFE = "unsafe"


class Severity(Enum):
    """An `ERROR` fails the run; a `WARNING` is shown; a `SUSPICION` is shown to those who ask for it."""

    ERROR = "error"
    WARNING = "warning"
    SUSPICION = "suspicion"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text: row and column count from 1, columns in characters."""

    row: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text, `end` not included."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the text of `span` by `content`; an empty span inserts, an empty content deletes."""

    span: Span
    content: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that mend one finding together; `message` says in the imperative what they do."""

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding in one file, ready to be printed.

    `line` is the text of the first row, for frames; `class_name` the qualified name of the class that it is about.
    """

    code: str
    name: str
    message: str
    filename: str
    span: Span
    line: str
    severity: Severity = Severity.ERROR
    class_name: str | None = None
    fix: Fix | None = None

    @property
    def sort_key(self) -> tuple[Span, str]:
        """The order of the findings of one file."""
        return self.span, self.code
