"""One class, constructed and run with nothing given but its file."""

from __future__ import annotations

import ast
import contextlib
import heapq
import linecache
import time
from dataclasses import dataclass, replace
from typing import Any, Iterator, List, Optional, Set, Tuple, Union

import torch
from torch import nn

from .answers import Progress, describe
from .argument_repairs import SUM, for_the_sum, repaired
from .arguments import Arguments, Unknown, chosen_arguments, required_parameters, written_arguments
from .asked import asked_specs, example_specs
from .attempt import Failure, MissingPackage, OutOfTime, attempt, frames_of
from .explaining import fitting_inputs
from .expressions import evaluate_call
from .faults import is_limit, is_missing_package, is_sure, lacks_import
from .harvest import Parent, captured, harvested, has_written_inputs, parents_of, written_specs
from .protocol import Message
from .search import Ran, Refused, run_once, search
from .specs import Specs
from .subjects import Asked, NotReachable, Target, load_target
from .usage import methods_of

CONSTRUCTIONS = 40
CONSTRUCT_SECONDS = 1.5
MODELS = 4
LAST_ROW = 10**9  # farther than any constructor comes before it fails
CLASS_SECONDS = 4.0  # of processor time, after which no further model is tried


def run(subject: Message, progress: Progress) -> Message:
    """Construct and run the class of a subject, and describe what happened; `progress` keeps what came to be."""
    try:
        failure, ours = advance(subject, progress)
    except OutOfTime as error:
        failure, ours = Failure(error, frames_of(error.__traceback__)), True
    return describe(progress, failure, ours, str(subject["path"]))


def advance(subject: Message, progress: Progress) -> tuple[Optional[Failure], bool]:
    """Load, construct, run: the failure that ended it, and whether it proves nothing against the class."""
    loaded = attempt(lambda: load_target(subject))
    if isinstance(loaded, Failure):
        return loaded, not isinstance(loaded.error, SyntaxError)
    target = progress.target = loaded.value
    if not issubclass(target.cls, nn.Module):
        return Failure(TypeError(f"{target.name} is not an nn.Module"), ()), True
    progress.stage = "construct"
    if target.asked:
        return run_asked(target, progress)
    return construct_and_run(target, progress)


def run_asked(target: Target, progress: Progress) -> tuple[Optional[Failure], bool]:
    """Run what the user asked for, one request after the other: the first that fails is told, as the class's fault."""
    for asked in target.asked:
        given = Arguments(asked.arguments or "", asked.origin, written=True)
        sources = candidates(target, [], Search()) if asked.arguments is None else iter([given])
        built: Union[nn.Module, Failure] = Failure(Unknown("no arguments found"), ())
        for arguments in sources:
            progress.arguments, progress.model, progress.stage = arguments, None, "construct"
            built = construct(target, arguments)
            if not isinstance(built, Failure):
                break
        if isinstance(built, Failure):
            unsure = asked.arguments is None and not is_sure(built, target)
            return built, unsure or is_limit(built) or is_missing_package(built)
        progress.model, progress.stage = built, "forward"
        outcome = run_on_asked(built, target, asked, progress.arguments)
        if isinstance(outcome, Failure):
            return outcome, is_limit(outcome) or is_missing_package(outcome)
        progress.specs = outcome.specs
        if not isinstance(outcome, Ran):
            unsure = asked.inputs is None and not outcome.proven
            return outcome.failure, unsure or is_limit(outcome.failure) or is_missing_package(outcome.failure)
        progress.output = outcome.output
        failure, ours = no_output(target, outcome.output)
        if failure is not None:
            return failure, ours
    return None, False


def run_on_asked(
    model: nn.Module, target: Target, asked: Asked, arguments: Optional[Arguments]
) -> Union[Ran, Refused, Failure]:
    """Run a model on the inputs of a request, or as usual where it leaves them open."""
    if asked.inputs is None:
        assert arguments is not None, "a model was built with some"
        return forward(model, target, list(written_specs(target)), arguments, [])
    read = attempt(lambda: asked_specs(model, target, str(asked.inputs), asked.origin))
    if isinstance(read, Failure):
        return read
    outcome = search_only(model, target, [read.value])
    if isinstance(outcome, Refused) and outcome.failure.words:
        fitting = fitting_inputs(model, read.value, target)
        outcome = replace(outcome, failure=replace(outcome.failure, words=outcome.failure.words + fitting))
    return outcome


@dataclass
class Search:
    """What the candidates have shown so far: the written one that failed first, the last that failed at all, and the
    one with which the constructor came farthest; of those that were built, the first and the last that did not run."""

    written: Optional[tuple[Arguments, Failure]] = None
    guessed: Optional[Failure] = None
    farthest: Optional[Tuple[int, Arguments, Failure]] = None
    refused: Optional[tuple[Arguments, nn.Module, Refused]] = None
    last: Optional[Refused] = None
    models: int = 0


def construct_and_run(target: Target, progress: Progress) -> tuple[Optional[Failure], bool]:
    """Try candidates until one runs; a written call that fails on written inputs ends it, for that is the class's
    fault."""
    state = Search()
    parents: List[Parent] = []
    for arguments in candidates(target, parents, state):
        progress.arguments = arguments
        progress.stage = "construct"
        built = construct(target, arguments)
        if isinstance(built, Failure):
            if is_sure(built, target) or is_limit(built):
                return built, is_limit(built)
            if arguments.written and not arguments.harvested and state.written is None:
                state.written = (arguments, built)
            state.guessed = built
            reached = constructor_row(target, built)
            if state.farthest is None or reached > state.farthest[0]:
                state.farthest = (reached, arguments, built)
            if is_missing_package(built):
                state.farthest = (reached, arguments, built)
                break
            continue
        progress.model, progress.stage = built, "forward"
        given = [*example_specs(built, target), *written_specs(target)]
        outcome = forward(built, target, given, arguments, parents)
        if isinstance(outcome, Ran):
            progress.specs, progress.output = outcome.specs, outcome.output
            return no_output(target, outcome.output)
        if state.refused is None:
            state.refused = (arguments, built, outcome)
        state.last = outcome
        may_be_wider = not arguments.written and SUM.search(outcome.failure.message) is not None
        if (outcome.proven and not may_be_wider) or (given and arguments.written):
            break
        state.models += 1
        if state.models >= MODELS or time.process_time() > CLASS_SECONDS:
            break
    return conclude(target, progress, state)


def conclude(target: Target, progress: Progress, state: Search) -> tuple[Optional[Failure], bool]:
    """The failure to tell of when no candidate ran."""
    if state.refused is not None:
        arguments, progress.model, outcome = state.refused
        progress.arguments, progress.specs, progress.stage = arguments, outcome.specs, "forward"
        proven = is_sure(outcome.failure, target) or (
            arguments.written and (outcome.proven or bool(list(written_specs(target))))
        )
        failure = outcome.failure
        if lacks_import(failure, target):
            failure = replace(failure, error=MissingPackage(f"{failure.message}: its import is left out or fails"))
        return failure, not proven or is_limit(failure) or is_missing_package(failure)
    progress.model = None
    if state.written is not None:
        progress.arguments, failure = state.written
        return failure, is_missing_package(failure)
    if state.farthest is not None:
        _, progress.arguments, failure = state.farthest
        return failure, True
    return Failure(Unknown("no arguments found"), ()), True


def candidates(target: Target, parents: List[Parent], state: Search) -> Iterator[Arguments]:
    """Arguments to try: written, passed by parents, made up, repaired. `parents` is filled on the way.

    Of those made up, the one with which the constructor came farthest is repaired next.
    """
    yield from written_arguments(target)
    for parent in parents_of(target):
        parents.append(parent)
        yield from harvested(parent)
    heap: List[Tuple[int, int, Arguments]] = []
    tried: Set[str] = set()
    order = 0

    def pursue(arguments: Arguments) -> Iterator[Arguments]:
        nonlocal order
        tried.add(arguments.text)
        before, last = state.guessed, state.last
        yield arguments
        if state.last is not None and state.last is not last:
            for wider in for_the_sum(target, arguments, state.last.failure.message):
                order += 1
                heapq.heappush(heap, (-LAST_ROW, order, wider))
        failure = state.guessed
        if failure is not None and failure is not before:
            reached = constructor_row(target, failure)
            for other in repaired(target, arguments, failure.message, failing_rows(target, failure)):
                order += 1
                heapq.heappush(heap, (-reached, order, other))

    for arguments in first_guesses(target):
        if arguments.text not in tried:
            yield from pursue(arguments)
    end = time.process_time() + CONSTRUCT_SECONDS
    while heap and len(tried) < CONSTRUCTIONS and time.process_time() < end:
        _, _, arguments = heapq.heappop(heap)
        if arguments.text not in tried:
            yield from pursue(arguments)


def first_guesses(target: Target) -> Iterator[Arguments]:
    """Made-up arguments, then none at all, since `*args` may hide what a parent's constructor demands."""
    with contextlib.suppress(Unknown):
        yield from chosen_arguments(target)
    if not required_parameters(target):
        yield Arguments("", "defaults", written=False)


def constructor_row(target: Target, failure: Failure) -> int:
    """The row that the target's constructor had reached when it failed; 0 where that is not known."""
    init = methods_of(target.node).get("__init__")
    if init is None:
        return 0
    first, last = init.lineno, init.end_lineno or init.lineno
    return next((row for file, row, _ in failure.frames if file == target.path and first <= row <= last), 0)


def failing_rows(target: Target, failure: Failure) -> str:
    """The user's rows that took part in a failure."""
    lines = {row for file, row, _ in failure.frames if file == target.path}
    return "\n".join(linecache.getline(target.path, row) for row in sorted(lines))


def construct(target: Target, arguments: Arguments) -> Union[nn.Module, Failure]:
    """A fresh instance with seeded weights, in evaluation mode."""

    def build() -> nn.Module:
        torch.default_generator.manual_seed(0)
        model = make(target, arguments.text)
        model.eval()
        return model

    outcome = attempt(build)
    return outcome if isinstance(outcome, Failure) else outcome.value


def make(target: Target, text: str) -> nn.Module:
    """The target called with arguments given as text."""
    values, options = evaluate_call(text, target)
    model = target.cls(*values, **options)
    if not isinstance(model, nn.Module):
        raise NotReachable(f"{target.name} gives a {type(model).__name__} when called")
    return model


def forward(
    model: nn.Module, target: Target, given: List[Specs], arguments: Arguments, parents: List[Parent]
) -> Union[Ran, Refused]:
    """Run a model: on written inputs alone where there are any, else on what parents pass or on what a search finds."""
    if given:
        outcome = search_only(model, target, given)
        if isinstance(outcome, Ran) or arguments.written:
            return outcome
    shown: List[Specs] = []
    for parent in parents:
        if has_written_inputs(parent) and arguments.text in (text for _, text in parent.instances):
            specs = captured(parent, target).get(arguments.text)
            shown.extend([specs] if specs is not None else [])
            break
    outcome = search(model, target, shown)
    if isinstance(outcome, Ran) or outcome.proven:
        return outcome
    for parent in parents or list(parents_of(target))[:1]:
        found = captured(parent, target)
        specs = found.get(arguments.text)
        if specs is not None:
            return search_only(model, target, [specs])
    return outcome


def search_only(model: nn.Module, target: Target, given: List[Specs]) -> Union[Ran, Refused]:
    """Run a model on exactly these inputs, the first of them that it takes."""
    refused: Optional[Refused] = None
    for specs in given:
        outcome = run_once(model, specs, target)
        if isinstance(outcome, Ran):
            return outcome
        refused = refused or Refused(specs, outcome[0], True)
    assert refused is not None
    return refused


def no_output(target: Target, output: Any) -> tuple[Optional[Failure], bool]:
    """A forward that gives nothing back is a fault of its own."""
    if output is not None:
        return None, False
    frames = ((target.path, forward_row(target), "forward"),)
    return Failure(ValueError("forward returns None"), frames), is_interface(methods_of(target.node).get("forward"))


def is_interface(method: Optional[ast.FunctionDef]) -> bool:
    """Whether a method is inherited or has no body of its own, as in a class that only shows what others must
    define."""
    if method is None:
        return True
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in method.body
    )


def forward_row(target: Target) -> int:
    """The row of the target's `forward`, or of the class where it inherits it."""
    method = methods_of(target.node).get("forward")
    return (method or target.node).lineno
