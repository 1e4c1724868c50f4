"""One text that need not lie on the disk: the standard input, an editor's buffer, the argument of a function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.config import Settings
from nn_lint.runner.reports import FileReport
from nn_lint.runner.session import Session, guarded
from nn_lint.source.decoding import Decoded

if TYPE_CHECKING:
    from nn_lint.verify.verifier import Verifier


def check_text(text: str, filename: str, settings: Settings) -> FileReport:
    """Check a text."""
    session = Session(settings)
    return guarded(
        Path(filename), lambda path: FileReport(filename, session.engine.check(session.open(path, Decoded(text))))
    )


def fix_text(text: str, filename: str, settings: Settings, verifier: Verifier | None) -> FileReport:
    """Fix a text; nothing is written."""
    from nn_lint.proving import fix_with_proof
    from nn_lint.runner.fix import report_of

    session = Session(settings)
    file = session.open(Path(filename), Decoded(text))
    return report_of(fix_with_proof(session.engine, file, settings, verifier), file)
