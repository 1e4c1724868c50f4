"""The state that one run leaves to the next: findings by file, questions with their answers, stamps of what was read.

It is kept as JSON in two parts. The first is all that is needed where nothing has changed; the second is read only
where something has. Each has a digest, and what is damaged is as good as absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nn_lint.cache.plain import diagnostic_from, plain_diagnostic
from nn_lint.diagnostic import Diagnostic
from nn_lint.source.stamps import Listing, Seen, digest

if TYPE_CHECKING:
    from nn_lint.project.answers import Answer
    from nn_lint.project.questions import Question

_MAGIC = b"nn-lint findings 1"


class Damaged(Exception):
    """The bytes are no state that was written by this version."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """By what the findings of each file hold: its questions, and the answer to each."""

    answers: Mapping[Question, Answer] = field(default_factory=dict)
    questions: Mapping[str, frozenset[Question]] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """`findings` are by absolute path, each with the digest of the file that it was found in. `on_disk` are the
    answers about entries of folders; `neighbours` the files of the run."""

    neighbours: tuple[str, ...]
    seen: Mapping[str, Seen]
    listings: Mapping[str, Listing]
    on_disk: tuple[tuple[Question, bool], ...]
    findings: Mapping[str, tuple[str, tuple[Diagnostic, ...]]]
    load_reasons: Callable[[], Reasons]

    @cached_property
    def reasons(self) -> Reasons:
        """The second part; raises `Damaged`."""
        return self.load_reasons()


def encode(state: State) -> bytes:
    """The state as bytes."""
    paths = {path: index for index, path in enumerate(state.seen)}
    head = {
        "paths": list(paths),
        "neighbours": [paths[path] for path in state.neighbours],
        "seen": [(seen.stamp, seen.digest) for seen in state.seen.values()],
        "listings": [
            (folder, [paths[path] for path in listing.files], listing.folders)
            for folder, listing in state.listings.items()
        ],
        "on_disk": state.on_disk,
        "findings": [
            (paths[path], seen_digest, [plain_diagnostic(item) for item in found])
            for path, (seen_digest, found) in state.findings.items()
        ],
    }
    reasons = state.reasons
    numbers = {question: index for index, question in enumerate(reasons.answers)}
    tail = {
        "answers": [(*question, answer) for question, answer in reasons.answers.items()],
        "questions": [
            (paths[path], sorted(numbers[item] for item in asked)) for path, asked in reasons.questions.items()
        ],
    }
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, tail)]
    title = " ".join((_MAGIC.decode(), str(len(parts[0])), *map(digest, parts)))
    return b"\n".join((title.encode(), *parts))


def decode(data: bytes) -> State:
    """The state that was kept; raises `Damaged`."""
    title, _, body = data.partition(b"\n")
    words = title.rsplit(b" ", 3)
    if len(words) != 4 or words[0] != _MAGIC or not words[1].isdigit():
        raise Damaged
    size = int(words[1])
    head = _loaded(body[:size], words[2])
    try:
        return _state(head, lambda: _reasons(_loaded(body[size + 1 :], words[3]), head["paths"]))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise Damaged from error


def _loaded(part: bytes, expected: bytes) -> Any:
    if digest(part).encode() != expected:
        raise Damaged
    return json.loads(part)


def _state(head: Any, load_reasons: Callable[[], Reasons]) -> State:
    paths: list[str] = head["paths"]
    return State(
        tuple(paths[index] for index in head["neighbours"]),
        {path: Seen(_tuple(stamp), words) for path, (stamp, words) in zip(paths, head["seen"])},
        dict(_listings(head["listings"], paths)),
        tuple(((kind, path, asked), bool(found)) for (kind, path, asked), found in head["on_disk"]),
        {
            paths[index]: (words, tuple(diagnostic_from(item, paths[index]) for item in found))
            for index, words, found in head["findings"]
        },
        load_reasons,
    )


def _listings(found: Any, paths: list[str]) -> Iterator[tuple[str, Listing]]:
    for folder, files, folders in found:
        stamps = tuple((str(inner), _tuple(stamp)) for inner, stamp in folders)
        yield folder, Listing(tuple(paths[index] for index in files), stamps)


def _tuple(stamp: Any) -> Any:
    return None if stamp is None else tuple(stamp)


def _reasons(tail: Any, paths: list[str]) -> Reasons:
    try:
        answers = {(kind, path, asked): found for kind, path, asked, found in tail["answers"]}
        numbered = tuple(answers)
        questions = {paths[index]: frozenset(numbered[item] for item in asked) for index, asked in tail["questions"]}
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise Damaged from error
    return Reasons(answers, questions)
