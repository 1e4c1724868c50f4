"""The findings that earlier runs have kept: which of them hold still, and what the next run is to know."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.cache.changes import Changes, compare, new_answers
from nn_lint.cache.folder import read, write
from nn_lint.cache.results import Results
from nn_lint.cache.state import Damaged, Reasons, State, decode, encode
from nn_lint.config import Settings, VerifySettings
from nn_lint.diagnostic import Diagnostic
from nn_lint.project.questions import MENTIONS, OF_THE_DISK
from nn_lint.source.stamps import ABSENT, CHANGED, Seen, digest, full_name, stamp_of

if TYPE_CHECKING:
    from nn_lint.project.answers import Answer
    from nn_lint.project.questions import Question


class Kept:
    """The state of one set of arguments and settings. Nothing in it is believed that is damaged."""

    def __init__(self, settings: Settings, arguments: Sequence[str]) -> None:
        self._settings = settings
        self._key = _key(settings, arguments)
        self._data = read(self._key)
        self._state = _EMPTY
        self._changes = Changes({}, {})
        self._renewed: dict[Question, Answer] = {}
        self._valid: frozenset[str] = frozenset()

    @property
    def was_there(self) -> bool:
        """Whether there was a run with the same arguments and settings."""
        return self._data is not None

    def known(self, paths: Sequence[Path]) -> dict[Path, tuple[Diagnostic, ...]]:
        """The findings of those files about which nothing has changed, neither in them nor in what they rest on."""
        names = {full_name(path): path for path in paths}
        try:
            self._state = _EMPTY if self._data is None else decode(self._data)
            self._compare(tuple(sorted(names)))
        except (Damaged, ValueError, TypeError, KeyError, IndexError):
            self._state, self._changes, self._valid = _EMPTY, Changes({}, {}), frozenset()
        return {path: self._state.findings[name][1] for name, path in names.items() if name in self._valid}

    def _compare(self, neighbours: tuple[str, ...]) -> None:
        self._changes = compare(self._state, neighbours)
        self._valid = frozenset(self._state.findings)
        if self._changes.is_any:
            from nn_lint.project.files import ProjectFiles

            files = ProjectFiles(self._settings.roots, neighbours=tuple(map(Path, neighbours)))
            self._renewed = new_answers(self._state, self._changes, neighbours, files)
            asked, seen = self._state.reasons.questions, self._changes.seen
            self._valid = frozenset(
                path
                for path, (words, _) in self._state.findings.items()
                if seen[path].digest == words and asked[path].isdisjoint(self._renewed)
            )

    def keep(self, paths: Sequence[Path], found: Sequence[Results]) -> None:
        """Leave to the next run what holds now: the findings that were known and those that have come."""
        neighbours = tuple(sorted(map(full_name, paths)))
        if not found and neighbours == self._state.neighbours and not self._changes.refreshed:
            return
        try:
            kept = encode(self._merged(neighbours, found))
        except Damaged:
            self._state, self._valid = _EMPTY, frozenset()
            kept = encode(self._merged(neighbours, found))
        write(self._key, kept)

    def _merged(self, neighbours: tuple[str, ...], found: Sequence[Results]) -> State:
        seen, listings = _agreeing(self._changes.seen, found), dict(self._changes.listings)
        answers: dict[Question, Answer] = {**self._state.reasons.answers, **self._renewed}
        contested: set[Question] = set()
        for results in found:
            listings.update(results.listings)
            contested.update(item for item, now in results.answers.items() if answers.setdefault(item, now) != now)
        wanted = self._valid & frozenset(neighbours)
        findings = {path: self._state.findings[path] for path in wanted}
        questions = {path: self._state.reasons.questions[path] for path in wanted}
        for result in (result for results in found for result in results.results if result.failure is None):
            words = seen[result.path].digest
            if words is not None:
                findings[result.path] = words, result.diagnostics
                questions[result.path] = result.questions
        sound = {path for path, asked in questions.items() if asked.isdisjoint(contested)}
        return _only_asked(
            State(
                neighbours,
                seen,
                listings,
                (),
                {path: found for path, found in findings.items() if path in sound},
                lambda: Reasons(answers, {path: asked for path, asked in questions.items() if path in sound}),
            )
        )


def _agreeing(known: Mapping[str, Seen], found: Sequence[Results]) -> dict[str, Seen]:
    """What all processes saw; a file that changed meanwhile has no digest, and so counts as changed in the next run."""
    seen = dict(known)
    for results in found:
        for path, now in results.seen.items():
            before = seen.setdefault(path, now)
            if before.digest != now.digest:
                seen[path] = CHANGED
    return seen


def _only_asked(state: State) -> State:
    """The state without answers that nobody needs any more, and with a stamp for all that is needed."""
    asked = frozenset().union(*state.reasons.questions.values())
    answers = {question: state.reasons.answers[question] for question in sorted(asked)}
    packages = {path for kind, path, _ in answers if kind == MENTIONS}
    listings = {folder: listing for folder, listing in state.listings.items() if folder in packages}
    files = {path for kind, path, _ in answers if kind != MENTIONS and kind not in OF_THE_DISK}
    files.update(state.findings, state.neighbours, *(listing.files for listing in listings.values()))
    reasons = Reasons(answers, state.reasons.questions)
    return replace(
        state,
        seen={path: state.seen.get(path) or _unread(path) for path in sorted(files)},
        listings=listings,
        on_disk=tuple((item, bool(found)) for item, found in answers.items() if item[0] in OF_THE_DISK),
        load_reasons=lambda: reasons,
    )


def _unread(path: str) -> Seen:
    """A path at which nothing was read: what is not there is known by that."""
    return Seen(ABSENT if stamp_of(path) == ABSENT else None, None)


_EMPTY = State((), {}, {}, (), {}, Reasons)


def _key(settings: Settings, arguments: Sequence[str]) -> str:
    """One name for all that decides on findings beside the files themselves."""
    deciding = replace(settings, baseline=None, unsafe_fixes=False, fail_on_warning=False, verify=VerifySettings())
    parser = find_spec("libcst")
    parser_stamp = stamp_of(parser.origin) if parser is not None and parser.origin is not None else ABSENT
    words = repr((deciding, tuple(arguments), os.getcwd(), sys.version, parser_stamp, _own_code()))
    return digest(words.encode("utf-8", "surrogatepass"))


def _own_code() -> list[tuple[str, int, int]]:
    """The modules of nn-lint itself, as far as a change of them can be seen from outside."""
    found: list[tuple[str, int, int]] = []
    pending = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    while pending:
        for entry in os.scandir(pending.pop()):
            if entry.is_dir():
                pending.append(entry.path)
            elif entry.name.endswith(".py"):
                status = entry.stat()
                found.append((entry.path, status.st_mtime_ns, status.st_size))
    return sorted(found)
