"""The proof of a repaired block: its input arrives after the repair, and did not before, on every variant of the
block."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Set, Tuple

from torch import nn

from .answers import read_recipe
from .arrival import Arrival, arrives, arrives_at_all
from .attempt import Failure, OutOfTime, attempt
from .protocol import Message
from .running import construct
from .search import Ran, run_once, search
from .specs import Specs
from .subjects import Target, load_target
from .variants import Variant, variants_of

Prepared = Tuple[nn.Module, Specs]


def prove(before: Message, after: Message, recipe: str, broken: bool) -> Message:
    """`before` and `after`: whether the input arrives, None where it could not be decided; with variants and reason."""
    try:
        return judge_broken(after, recipe) if broken else judge(before, after, recipe)
    except OutOfTime:
        return undecided("time ran out")


def undecided(reason: str) -> Message:
    """No proof, and why."""
    return {"before": None, "after": None, "variants": [], "reason": reason}


def judge(before: Message, after: Message, recipe: str) -> Message:
    """The proof on every variant that can be built from both texts."""
    old = attempt(lambda: load_target(before))
    if isinstance(old, Failure):
        return undecided(f"before: {old.message}")
    arguments, specs = read_recipe(recipe)
    variants = variants_of(old.value, arguments, specs)
    prepared = [prepare(variant, old.value) for variant in variants]
    arrived_before = [None if ready is None else arrives_at_all(*ready, old.value) for ready in prepared]
    new = attempt(lambda: load_target(after))
    if isinstance(new, Failure):
        return undecided(f"after: {new.message}")
    befores: List[bool] = []
    afters: List[Arrival] = []
    labels: List[str] = []
    for variant, ready, arrived in zip(variants, prepared, arrived_before):
        if ready is None or arrived is None:
            continue
        befores.append(arrived)
        labels.append(variant.label)
        afters.append(arrives_in(variant, ready, new.value))
    if all(befores):
        failed = [variant for variant, ready in zip(variants, prepared) if ready is None]
        for variant, arrival in mended_variants(failed, old.value, new.value):
            befores.append(False)
            labels.append(variant.label)
            afters.append(arrival)
    if not labels:
        return undecided("no variant of the class runs before the repair")
    wrong = next(
        (f"{label}: {each.reason}" if label else each.reason for label, each in zip(labels, afters) if not each.holds),
        "",
    )
    if not wrong and all(befores):
        wrong = "the input reaches the output without the repair"
    return {
        "before": all(befores),
        "after": all(each.holds for each in afters),
        "variants": [label for label in labels if label],
        "reason": wrong,
    }


def mended_variants(failed: List[Variant], old: Target, new: Target) -> Iterator[Tuple[Variant, Arrival]]:
    """The variants whose forward fails before the repair on the very inputs that it takes after it."""
    for variant in failed:
        model, ready = construct(old, variant.arguments), prepare(variant, new)
        if isinstance(model, Failure) or ready is None or isinstance(run_once(model, ready[1], old), Ran):
            continue
        old_names = {name for name, _ in model.named_modules()} | {name for name, _ in model.named_parameters()}
        yield variant, arrives(*ready, new, None, new_names(ready[0], old_names))


def judge_broken(after: Message, recipe: str) -> Message:
    """The proof where the text before cannot run by its own fault: nothing arrived there, so `after` alone is asked."""
    loaded = attempt(lambda: load_target(after))
    if isinstance(loaded, Failure):
        return undecided(f"after: {loaded.message}")
    variants = variants_of(loaded.value, *read_recipe(recipe))
    prepared = [(variant.label, prepare(variant, loaded.value)) for variant in variants]
    found = [(label, arrives(*ready, loaded.value, None, set())) for label, ready in prepared if ready is not None]
    if not found:
        return undecided("no variant of the class runs after the repair")
    return {
        "before": False,
        "after": all(each.holds for _, each in found),
        "variants": [label for label, _ in found if label],
        "reason": next(
            (f"{label}: {each.reason}" if label else each.reason for label, each in found if not each.holds), ""
        ),
    }


def prepare(variant: Variant, target: Target) -> Optional[Prepared]:
    """The model of a variant with inputs under which it runs; None where there are none."""
    model = construct(target, variant.arguments)
    if isinstance(model, Failure):
        return None
    outcome = search(model, target, [variant.specs])
    return (model, outcome.specs) if isinstance(outcome, Ran) else None


def arrives_in(variant: Variant, ready: Prepared, target: Target) -> Arrival:
    """Whether the input arrives in the repaired variant, and the output keeps the shape that it had."""
    old, specs = ready
    model = construct(target, variant.arguments)
    if isinstance(model, Failure):
        return Arrival(False, f"does not construct: {model.message}")
    old_names = {name for name, _ in old.named_modules()} | {name for name, _ in old.named_parameters()}
    return arrives(model, specs, target, old, new_names(model, old_names))


def new_names(model: nn.Module, old: Set[str]) -> Set[str]:
    """Names of submodules and parameters that only the repaired block has."""
    names: Dict[str, None] = {}
    for name, _ in [*model.named_modules(), *model.named_parameters()]:
        if name and name not in old:
            names[name] = None
    return set(names)
