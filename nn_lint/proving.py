"""Fixes of one file with their proof in torch: what the run does not confirm is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.config import Settings
from nn_lint.diagnostic import Applicability, Diagnostic
from nn_lint.engine import Engine, Mended, touched_classes
from nn_lint.project.facts import ClassFacts
from nn_lint.project.files import ProjectFile
from nn_lint.source.text import Text
from nn_lint.verify.verdict import Level, Subject, Verdict

if TYPE_CHECKING:
    from nn_lint.verify.verifier import Verifier

_CONFIRMED = frozenset({Level.EQUIVALENT, Level.SAME_SHAPES, Level.RUNS})
_Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file after its fixes: what was applied, what is left, the proofs, and the fixes taken back with reasons."""

    content: str
    applied: tuple[Diagnostic, ...]
    remaining: tuple[Diagnostic, ...]
    verdicts: tuple[Verdict, ...] = ()
    rejected: tuple[tuple[Diagnostic, str], ...] = ()


def fix_with_proof(engine: Engine, file: ProjectFile, settings: Settings, verifier: Verifier | None) -> Outcome:
    """Fix a file; with a verifier, try again without each fix whose proof fails, until all that is left holds."""
    taken_back: dict[_Key, tuple[Diagnostic, str]] = {}
    while True:
        mended = engine.fix(file, lambda item: _accepts(item, settings, verifier) and _key(item) not in taken_back)
        verdicts = tuple(_prove(engine, file, mended, settings, verifier)) if verifier is not None else ()
        failed = dict(_failures(mended, verdicts))
        if not failed:
            rejected = tuple(taken_back.values())
            return Outcome(mended.content, mended.applied, mended.remaining, verdicts, rejected)
        taken_back.update(failed)


def _accepts(item: Diagnostic, settings: Settings, verifier: Verifier | None) -> bool:
    assert item.fix is not None, "the engine asks only about fixes"
    if item.fix.applicability is Applicability.SAFE or settings.unsafe_fixes:
        return True
    return item.fix.applicability is Applicability.VERIFIED and verifier is not None


def _key(item: Diagnostic) -> _Key:
    return item.code, item.class_name


def _prove(
    engine: Engine, file: ProjectFile, mended: Mended, settings: Settings, verifier: Verifier
) -> Iterator[Verdict]:
    """Compare each touched class, and each class of the file that builds a class whose model was changed."""
    touched = touched_classes(mended.applied)
    changed = touched_classes(item for item in mended.applied if _changes_model(item))
    repaired = touched_classes(item for item in mended.applied if _needs_arrival(item))
    networks = set(_users(file, repaired)).difference(repaired)
    for name in dict.fromkeys((*touched, *_users(file, changed))):
        callers = engine.callers(file, name)
        subjects = (
            Subject(file.path, text, name, settings.roots, callers) for text in (file.text.content, mended.content)
        )
        residual = any(item.class_name == name and _needs_arrival(item) for item in mended.applied)
        gradients = settings.verify.gradients and name in networks
        yield verifier.compare(*subjects, residual=residual, gradients=gradients)


def _users(file: ProjectFile, names: Iterable[str]) -> Iterator[str]:
    """The other top-level classes whose source names one of the given classes."""
    bare = {name.split(".")[-1] for name in names}
    for facts in file.facts.classes:
        if not facts.in_function and not facts.scope and bare & _words(file.text, facts):
            yield facts.qualified_name


def _words(text: Text, facts: ClassFacts) -> set[str]:
    source = text.lines.rows(facts.first_row, facts.end_row)
    return set("".join(character if character.isalnum() or character == "_" else " " for character in source).split())


def _changes_model(item: Diagnostic) -> bool:
    """Whether a fix stands or falls with its proof; unsafe ones were asked for as they are."""
    return item.fix is not None and item.fix.applicability is Applicability.VERIFIED


def _needs_arrival(item: Diagnostic) -> bool:
    return _changes_model(item) and item.code.startswith("NN3")


def _failures(mended: Mended, verdicts: tuple[Verdict, ...]) -> Iterator[tuple[_Key, tuple[Diagnostic, str]]]:
    """The fixes that a verdict speaks against, with the reason."""
    for verdict in verdicts:
        own = [item for item in mended.applied if item.class_name == verdict.class_name]
        changing = [item for item in own if _changes_model(item)]
        confirmed = verdict.level in _CONFIRMED and (verdict.residual is None or verdict.residual.holds)
        if changing and not confirmed:
            yield from ((_key(item), (item, _reason(verdict))) for item in changing)
        elif verdict.level is Level.REGRESSED:
            blamed = own or [item for item in mended.applied if _changes_model(item)]
            yield from ((_key(item), (item, _reason(verdict))) for item in blamed if item.class_name is not None)


def _reason(verdict: Verdict) -> str:
    """Why a verdict does not confirm a fix, in one sentence for the user."""
    if verdict.after.error is not None:
        return f"{verdict.class_name}: {verdict.level.value} after the fix: {verdict.after.error.message}"
    if verdict.residual is not None and not verdict.residual.holds:
        reason = verdict.residual.reason or "the input does not reach the output"
        return f"{verdict.class_name}: the proof failed: {reason}"
    return f"{verdict.class_name}: {verdict.level.value} after the fix"
