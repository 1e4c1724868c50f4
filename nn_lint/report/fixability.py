"""Which fixes `--fix` would apply under given settings: what the `[*]` marks and the counts are made from."""

from __future__ import annotations

from nn_lint.config import Settings
from nn_lint.diagnostic import Applicability, Diagnostic


def is_fixable(diagnostic: Diagnostic, settings: Settings) -> bool:
    """Whether `--fix` would apply the fix of a finding, a `verified` one if its proof holds."""
    if diagnostic.fix is None:
        return False
    match diagnostic.fix.applicability:
        case Applicability.SAFE:
            return True
        case Applicability.VERIFIED:
            return settings.verify.enabled or settings.unsafe_fixes
        case Applicability.UNSAFE:
            return settings.unsafe_fixes


def needs_proof(diagnostic: Diagnostic) -> bool:
    """Whether the fix of a finding is kept only when a run in torch confirms it."""
    return diagnostic.fix is not None and diagnostic.fix.applicability is Applicability.VERIFIED


def needs_unsafe_fixes(diagnostic: Diagnostic) -> bool:
    """Whether the fix of a finding is applied only with `--unsafe-fixes`."""
    return diagnostic.fix is not None and diagnostic.fix.applicability is Applicability.UNSAFE
