"""The last lines of a run: how much was found, how much was fixed, and what more could be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic, Severity
from nn_lint.report.fixability import is_fixable, needs_proof, needs_unsafe_fixes


@dataclass(slots=True)
class Tally:
    """What is counted while the findings of a run go by."""

    errors: int = 0
    warnings: int = 0
    fixed: int = 0
    fixable: int = 0
    to_prove: int = 0
    hidden: int = 0

    def add(self, remaining: Iterable[Diagnostic], fixed: Iterable[Diagnostic], settings: Settings) -> None:
        """Count the findings of one more file."""
        self.fixed += sum(1 for _ in fixed)
        for diagnostic in remaining:
            is_error = diagnostic.severity is Severity.ERROR
            self.errors += is_error
            self.warnings += not is_error
            fixable = is_fixable(diagnostic, settings)
            self.fixable += fixable
            self.to_prove += fixable and needs_proof(diagnostic)
            self.hidden += not fixable and needs_unsafe_fixes(diagnostic)


def render(tally: Tally, *, fixing: bool, failed: bool = False) -> Iterator[str]:
    """The counts; what was already tried when `fixing` is not offered again. A run that `failed` has not passed."""
    if not tally.errors and not tally.warnings and not tally.fixed:
        if not failed:
            yield "All checks passed!"
        return
    yield f"Found {_found(tally)}."
    if not fixing and tally.fixable:
        proof = f" ({tally.to_prove} verified in torch)" if tally.to_prove else ""
        yield f"[*] {tally.fixable} fixable with the --fix option{proof}."
    if tally.hidden:
        fixes = _count(tally.hidden, "fix", "fixes")
        yield f"{fixes} hidden; the --unsafe-fixes option shows and applies {'it' if tally.hidden == 1 else 'them'}."


def render_diff(tally: Tally, *, proofs_run: bool) -> Iterator[str]:
    """The counts below a diff. Without `proofs_run` the fixes that need a proof are not in it."""
    yield f"Would fix {_count(tally.fixed, 'error', 'errors')}." if tally.fixed else "Nothing to fix."
    if tally.to_prove and not proofs_run:
        yield f"{_count(tally.to_prove, 'more fix', 'more fixes')} must be proven in torch: add --fix."


def _found(tally: Tally) -> str:
    errors = _count(tally.errors + tally.fixed, "error", "errors")
    fixed = f" ({tally.fixed} fixed, {tally.errors} remaining)" if tally.fixed else ""
    warnings = _count(tally.warnings, "warning", "warnings")
    if not tally.warnings:
        return errors + fixed
    return f"{errors}{fixed} and {warnings}" if tally.errors or tally.fixed else warnings


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


@dataclass(slots=True)
class FixList:
    """What `--show-fixes` prints: the fixed findings, by file and rule."""

    files: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)

    def add(self, filename: str, fixed: Iterable[Diagnostic]) -> None:
        """Note the fixed findings of one more file."""
        counts = Counter((diagnostic.code, diagnostic.name) for diagnostic in fixed)
        if counts:
            self.files[filename] = counts

    def render(self) -> Iterator[str]:
        """A heading, then each file with its rules."""
        total = sum(counts.total() for counts in self.files.values())
        if total:
            yield f"Fixed {_count(total, 'error', 'errors')}:"
        for filename, counts in self.files.items():
            yield f"- {filename}:"
            yield from (f"    {number} × {code} ({name})" for (code, name), number in sorted(counts.items()))
