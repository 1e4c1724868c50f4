"""What has changed on the disk since a state was kept, and which of its questions are now answered otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.project.questions import MENTIONS, OF_THE_DISK, on_disk
from nn_lint.source.stamps import Listing, Seen, list_package, look, stamp_of

if TYPE_CHECKING:
    from nn_lint.cache.state import State
    from nn_lint.project.answers import Answer
    from nn_lint.project.files import ProjectFiles
    from nn_lint.project.questions import Question


@dataclass(slots=True)
class Changes:
    """The disk against a state. `files` are those with other words; `refreshed` tells of stamps that are to be kept
    anew although nothing has changed."""

    seen: dict[str, Seen]
    listings: dict[str, Listing]
    files: set[str] = field(default_factory=set)
    on_disk: dict[Question, bool] = field(default_factory=dict)
    near: bool = False
    refreshed: bool = False

    @property
    def is_any(self) -> bool:
        """Whether anything at all is not as it was."""
        return bool(self.files or self.on_disk or self.near)


def compare(state: State, neighbours: tuple[str, ...]) -> Changes:
    """Look at all that the analysis has looked at. What has kept its stamp is not read."""
    changes = Changes(dict(state.seen), dict(state.listings), near=neighbours != state.neighbours)
    for path, seen in state.seen.items():
        if seen.stamp is None or stamp_of(path) != seen.stamp:
            _compare_file(path, seen, changes)
    for folder, listing in state.listings.items():
        if any(stamp is None or stamp_of(inner) != stamp for inner, stamp in listing.folders):
            changes.listings[folder] = now = list_package(folder)
            changes.near |= now.files != listing.files
            changes.refreshed = True
    for question, before in state.on_disk:
        _compare_entry(question, before, changes)
    return changes


def _compare_file(path: str, seen: Seen, changes: Changes) -> None:
    now, _ = look(path)
    changes.seen[path] = now
    changes.refreshed |= now != seen
    if now.digest != seen.digest:
        changes.files.add(path)


def _compare_entry(question: Question, before: bool, changes: Changes) -> None:
    now = on_disk(question)
    if now != before:
        changes.on_disk[question] = now


def new_answers(
    state: State, changes: Changes, neighbours: Iterable[str], files: ProjectFiles
) -> dict[Question, Answer]:
    """The questions that are answered otherwise than before; raises `Damaged`."""
    from nn_lint.project.answers import answer

    found: dict[Question, Answer] = dict(changes.on_disk)
    mentions: dict[str, dict[Question, frozenset[str]]] = defaultdict(dict)
    for question, before in state.reasons.answers.items():
        kind, path, _ = question
        if kind == MENTIONS:
            mentions[path][question] = frozenset(str(before).split("\n")) - {""}
        elif kind not in OF_THE_DISK and path in changes.files:
            now = answer(question, files)
            if now != before:
                found[question] = now
    for package, asked in mentions.items():
        found.update(_new_mentions(package, asked, state, changes, frozenset(neighbours), files))
    return found


def _new_mentions(
    package: str,
    asked: Mapping[Question, frozenset[str]],
    state: State,
    changes: Changes,
    neighbours: frozenset[str],
    files: ProjectFiles,
) -> Iterator[tuple[Question, Answer]]:
    """The words that other files near a package say than before; only files that have changed or come are read."""
    before = {*state.neighbours, *state.listings[package].files}
    now = {*neighbours, *changes.listings[package].files}
    wanted = {name for _, _, name in asked}
    looked_at = {path: _words(path, wanted, files) for path in (now & changes.files) | (now - before)}
    gone = before - now
    for question, said in asked.items():
        saying = {path for path, said_now in looked_at.items() if question[2] in said_now}
        found = (said - gone - looked_at.keys()) | saying
        if found != said:
            yield question, "\n".join(sorted(found))


def _words(path: str, wanted: set[str], files: ProjectFiles) -> Set[str]:
    from nn_lint.project.mentions import words

    return words(files.content(Path(path)) or "", wanted)
