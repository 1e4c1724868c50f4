"""The proof of a repaired block: its input arrives after the repair, and did not before, on every variant of the
block that somebody uses; where nobody does, on every variant that the block allows."""

from __future__ import annotations

from typing import Dict, Iterator, List, Set, Tuple

from torch import nn

from .answers import read_recipe, recipe_text
from .arrival import Arrival, arrives, arrives_at_all
from .attempt import Failure, OutOfTime, attempt
from .cases import Case, cases_of
from .protocol import Message
from .running import construct
from .search import Ran, run_once
from .subjects import Target, load_target


def prove(before: Message, after: Message, recipe: str, broken: bool) -> Message:
    """`before` and `after`: whether the input arrives, None where it could not be decided; with the variants that were
    proven, those that failed and were left out, a recipe that holds, and the reason of a failure."""
    try:
        return judge_broken(after, recipe) if broken else judge(before, after, recipe)
    except OutOfTime:
        return undecided("time ran out")


def undecided(reason: str) -> Message:
    """No proof, and why."""
    return {"before": None, "after": None, "variants": [], "left_out": [], "recipe": "", "reason": reason}


def judge(before: Message, after: Message, recipe: str) -> Message:
    """The proof on every variant that ran before; where the input arrived in all of them, on those that failed too."""
    old = attempt(lambda: load_target(before))
    if isinstance(old, Failure):
        return undecided(f"before: {old.message}")
    cases = cases_of(old.value, *read_recipe(recipe))
    arrived = [arrives_at_all(case.model, case.specs, old.value) for case in cases]
    new = attempt(lambda: load_target(after))
    if isinstance(new, Failure):
        return undecided(f"after: {new.message}")
    known = [(case, there) for case, there in zip(cases, arrived) if there is not None]
    tried = [case for case, _ in known]
    found = [arrives_in(case, new.value) for case in tried]
    received = all(there for _, there in known)
    for case, arrival in mended_cases(cases, old.value, new.value, recipe) if received else ():
        received = False
        tried.append(case)
        found.append(arrival)
    if not tried:
        return undecided("no variant of the class runs before the repair")
    answer = {**weigh(tried, found, new.value), "before": received}
    if received:
        answer["reason"] = answer["reason"] or "the input reaches the output without the repair"
    return answer


def mended_cases(cases: List[Case], old: Target, new: Target, recipe: str) -> Iterator[Tuple[Case, Arrival]]:
    """The variants whose forward fails before the repair on the very inputs that it takes after it."""
    known = {case.variant.arguments.text for case in cases}
    for case in cases_of(new, *read_recipe(recipe)):
        model = construct(old, case.variant.arguments)
        if case.variant.arguments.text in known or isinstance(model, Failure):
            continue
        if not isinstance(run_once(model, case.specs, old), Ran):
            yield case, arrives(case.model, case.specs, new, None, new_names(case.model, names_of(model)))


def judge_broken(after: Message, recipe: str) -> Message:
    """The proof where the text before cannot run by its own fault: nothing arrived there, so `after` alone is asked."""
    loaded = attempt(lambda: load_target(after))
    if isinstance(loaded, Failure):
        return undecided(f"after: {loaded.message}")
    cases = cases_of(loaded.value, *read_recipe(recipe))
    if not cases:
        return undecided("no variant of the class runs after the repair")
    found = [arrives(case.model, case.specs, loaded.value, None, set()) for case in cases]
    return {**weigh(cases, found, loaded.value), "before": False}


def weigh(cases: List[Case], found: List[Arrival], target: Target) -> Message:
    """What the variants say together: one that is sure to be meant must hold, and no other may fail but by refusing
    what nobody passes."""
    meant = meant_by(cases, target)
    holding = [case for case, each in zip(cases, found) if each.holds]
    left_out = [case for case, each in zip(cases, found) if not each.runs and case not in meant]
    wrong = [(case, each.reason) for case, each in zip(cases, found) if not each.holds and case not in left_out]
    proven = [case for case in holding if case in meant]
    reasons = [f"{case.label}: {reason}" if case.label else reason for case, reason in wrong]
    if not proven:
        reasons.append("no variant that is sure to be meant could be tried")
    replayed = [] if any(case.variant.used for case, _ in wrong) else proven[:1]
    return {
        "after": not reasons,
        "variants": [case.label for case in holding if case.label],
        "left_out": [case.label for case in left_out if case.label],
        "recipe": "".join(recipe_text(case.variant.arguments, case.specs) for case in replayed),
        "reason": reasons[0] if reasons else "",
    }


def meant_by(cases: List[Case], target: Target) -> List[Case]:
    """The variants that are sure to be meant: those that somebody uses; where nobody does, all but those that go
    against what the class declares of its widths."""
    used = [case for case in cases if case.variant.used]
    return used or [case for case in cases if not against_declared(case, target)]


def against_declared(case: Case, target: Target) -> bool:
    """Whether a variant changes its width without a shortcut from its caller, in a class that says by `expansion` which
    width its input must have."""
    bound = case.variant.bound
    given = bound is not None and bound.value(bound.shortcut) is not None
    return case.changes_width and not given and getattr(target.cls, "expansion", None) == case.ratio


def arrives_in(case: Case, target: Target) -> Arrival:
    """Whether the input arrives in the repaired variant, and the output keeps the shape that it had."""
    model = construct(target, case.variant.arguments)
    if isinstance(model, Failure):
        return Arrival(False, f"does not construct after the repair: {model.message}", runs=False)
    return arrives(model, case.specs, target, case.model, new_names(model, names_of(case.model)))


def names_of(model: nn.Module) -> Set[str]:
    """The names of all submodules and parameters."""
    return {name for name, _ in [*model.named_modules(), *model.named_parameters()]}


def new_names(model: nn.Module, old: Set[str]) -> Set[str]:
    """Names of submodules and parameters that only the repaired block has."""
    names: Dict[str, None] = {}
    for name, _ in [*model.named_modules(), *model.named_parameters()]:
        if name and name not in old:
            names[name] = None
    return set(names)
