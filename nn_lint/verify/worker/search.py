"""The search for inputs: the attempt that came farthest is repaired next, until one runs or too many have failed."""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass, field, replace
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple, Union

import torch
from torch import nn

from .attempt import Failure, attempt, attempt_briefly
from .faults import is_sure
from .inputs import guesses
from .plain_words import in_plain_words, is_about_sizes
from .reading import Reading, read_forward
from .repairs import mismatch, repairs
from .specs import Specs, build, call
from .subjects import Target
from .tracing import tracing

ATTEMPTS = 60
FEWEST = 3  # attempts of heavy models, whatever they cost
SEARCH_SECONDS = 2.0  # of processor time: what runs beside us must not change what is found
FORWARD_SECONDS = 3.0
WRITTEN_SECONDS = 20.0
# Guessed inputs stay small; written ones may be as large as somebody made them.
ELEMENTS = 1_600_000


@dataclass(frozen=True)
class Ran:
    """Inputs under which a forward ran, and what it gave."""

    specs: Specs
    values: List[Any]
    output: Any


@dataclass(frozen=True)
class Refused:
    """The failure that came farthest; `proven` where no input can avoid it, as far as the attempts show."""

    specs: Specs
    failure: Failure
    proven: bool


@dataclass
class Evidence:
    """Refusals by row and sizes: the same mismatch under differing inputs lies inside the module."""

    seen: Dict[Tuple[Optional[int], int, int], List[Refused]] = field(default_factory=dict)

    def add(self, specs: Specs, failure: Failure, row: Optional[int]) -> Optional[Refused]:
        """Enter a refusal; the first of its kind once it is proven to be independent of the inputs."""
        for got, wanted in mismatch(failure.message)[:1]:
            both = "size of tensor a" in failure.message
            if follows_from(specs, got) or (both and follows_from(specs, wanted)):
                continue
            known = self.seen.setdefault((row, got, wanted), [])
            known.append(Refused(specs, failure, True))
            if any(are_unlike(known[0].specs, each.specs) for each in known[1:]):
                return known[0]
        return None


def are_unlike(first: Specs, second: Specs) -> bool:
    """Whether two choices of inputs differ so much that a size which follows from them would differ too: rounding
    gives neighbouring sides the same features."""
    for old, new in zip(first, second):
        small, large = sorted((math.prod(old.shape[1:]), math.prod(new.shape[1:])))
        if len(old.shape) != len(new.shape) or large >= 2 * small:
            return True
    return False


def follows_from(specs: Specs, size: int) -> bool:
    """Whether a size is one of the inputs' own, or a product of neighbouring ones."""
    for spec in specs:
        for first in range(len(spec.shape)):
            for last in range(first + 1, len(spec.shape) + 1):
                if math.prod(spec.shape[first:last]) == size:
                    return True
    return False


def is_large(specs: Specs) -> bool:
    """Whether inputs are too large to be tried on a guess."""
    return any(math.prod(spec.shape) > ELEMENTS for spec in specs)


def run_once(
    model: nn.Module, specs: Specs, target: Target, seconds: float = WRITTEN_SECONDS
) -> Union[Ran, Tuple[Failure, List[Specs], int]]:
    """One forward; after a failure the inputs to try next and how many layers had run."""
    built = attempt(lambda: build(specs, target))
    if isinstance(built, Failure):
        return built, [], 0
    values = built.value
    with tracing() as trace, torch.no_grad():
        outcome = attempt_briefly(lambda: call(model, specs, values), seconds)
    if not isinstance(outcome, Failure):
        return Ran(specs, values, outcome.value)
    if is_about_sizes(outcome.message):
        outcome = replace(outcome, words=in_plain_words(model, trace))
    following = attempt(lambda: list(repairs(specs, values, outcome.message, trace)))
    return outcome, [] if isinstance(following, Failure) else following.value[:40], trace.completed


def search(model: nn.Module, target: Target, first: Iterable[Specs] = ()) -> Union[Ran, Refused]:
    """Inputs under which the model runs, starting with `first`, then guesses."""
    heap: List[Tuple[int, float, int, Specs]] = []
    visited: Set[Specs] = set()
    given = list(first)
    order = 0
    reading = read_forward(target) if isinstance(model, target.cls) else Reading()
    for order, specs in enumerate([*given, *guesses(model, reading)]):
        heapq.heappush(heap, (0, float(order), order, specs))
    evidence = Evidence()
    best: Optional[Tuple[int, Refused]] = None
    end = time.process_time() + SEARCH_SECONDS
    while heap and len(visited) < ATTEMPTS and (time.process_time() < end or len(visited) < FEWEST):
        _, cost, number, specs = heapq.heappop(heap)
        if specs in visited or (number >= len(given) and is_large(specs)):
            continue
        visited.add(specs)
        outcome = run_once(model, specs, target, FORWARD_SECONDS)
        if isinstance(outcome, Ran):
            return outcome
        failure, following, completed = outcome
        if is_sure(failure, target):
            return Refused(specs, failure, True)
        proven = evidence.add(specs, failure, failure.row_in(target.path)) if completed else None
        if proven is not None:
            return proven
        if best is None or completed > best[0]:
            best = (completed, Refused(specs, failure, False))
        for rank, changed in enumerate(following):
            order += 1
            heapq.heappush(heap, (-completed, cost + 0.5 + 0.2 * rank, order, changed))
    if best is None:
        return Refused((), Failure(ValueError("no inputs found for forward"), ()), False)
    return best[1]
