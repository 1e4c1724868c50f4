"""What the file itself passes to the target: its parents are built and run, and what reaches the target is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn

from .arguments import Arguments
from .attempt import Failure, attempt, attempt_briefly
from .callers import callers_of
from .callsites import call_sites, written_inputs
from .expressions import evaluate, evaluate_call, express, signature_of
from .inputs import BATCH
from .makers import Maker, makers_of
from .search import Ran, search
from .specs import Spec, Specs, forward_parameters, spec_of
from .subjects import Target
from .tracing import constructions, tracing
from .weightless import weightless

PARENTS = 4
PARENT_SECONDS = 1.5  # of processor time


@dataclass(frozen=True)
class Parent:
    """A model that holds instances of the target: itself, and each instance with the arguments that it was given."""

    target: Optional[Target]
    model: Any
    origin: str
    written: bool
    instances: Tuple[Tuple[Any, str], ...]


def parents_of(target: Target) -> Iterator[Parent]:
    """Parents that can be built from the files alone: classes and functions that name the target, then what `__main__`
    builds."""
    built = 0
    end = time.process_time() + PARENT_SECONDS
    for makers in makers_of(target):
        for maker in makers:
            if built >= PARENTS or time.process_time() > end:
                return
            found = build_parent(target, maker)
            if found is not None:
                yield found
                built += 1
                break


def build_parent(target: Target, maker: Maker) -> Optional[Parent]:
    """The parent that a call builds, if it holds instances of the target whose arguments can be written down."""
    instances: List[Tuple[Any, str]] = []

    def note(instance: Any, values: Tuple[Any, ...], options: Dict[str, Any]) -> None:
        text = arguments_text(values, options, target)
        if text is not None:
            instances.append((instance, text))

    torch.default_generator.manual_seed(0)
    with constructions(target.cls, note), weightless():
        outcome = attempt_briefly(lambda: evaluate(maker.text, maker.home), PARENT_SECONDS)
    if isinstance(outcome, Failure):
        return None
    return Parent(maker.parent, outcome.value, maker.text, maker.written, tuple(instances)) if instances else None


def arguments_text(values: Tuple[Any, ...], options: Dict[str, Any], target: Target) -> Optional[str]:
    """Recorded arguments as the text between the parentheses."""
    signature = signature_of(target.cls)
    parts: List[str] = []
    for value in values:
        text = express(value, target)
        if text is None:
            return None
        parts.append(text)
    for name, value in options.items():
        default = signature.parameters[name].default if signature and name in signature.parameters else None
        text = express(value, target)
        if text is None:
            if default is not None and value is default:
                continue
            return None
        parts.append(f"{name}={text}")
    return ", ".join(parts)


def harvested(parent: Parent) -> Iterator[Arguments]:
    """The distinct arguments that a parent passed to the target."""
    for text in dict.fromkeys(text for _, text in parent.instances):
        yield Arguments(text, f"built by {parent.origin}", written=parent.written, harvested=True)


def passed_elsewhere(target: Target) -> Iterator[Arguments]:
    """The full calls of the target in other files, as one would write them in its own."""
    last = target.name.rpartition(".")[2]
    for home in callers_of(target):
        imported = attempt(lambda home=home: getattr(home.module, last, None))  # type: ignore[misc]
        if isinstance(imported, Failure) or imported.value is not target.cls:
            continue
        for site in call_sites(home):
            passed = attempt(lambda home=home, site=site: evaluate_call(site.arguments, home))  # type: ignore[misc]
            text = None if isinstance(passed, Failure) else arguments_text(*passed.value, target)
            if site.is_full and text is not None:
                yield Arguments(text, f"call in row {site.row} of {home.path}", written=True)


def has_written_inputs(parent: Parent) -> bool:
    """Whether the file runs this parent on inputs that it makes itself."""
    return parent.target is not None and next(written_specs(parent.target), None) is not None


def captured(parent: Parent, target: Target) -> Dict[str, Specs]:
    """What reaches instances of the target while the parent runs: inputs by constructor arguments."""
    if not isinstance(parent.model, nn.Module):
        return {}
    parent.model.eval()
    first = [smaller(specs) for specs in written_specs(parent.target)] if parent.target else []
    context = parent.target or target
    by_instance = {id(instance): text for instance, text in parent.instances}
    with tracing(watched=(target.cls,)) as trace:
        outcome = search(parent.model, context, first)
    found: Dict[str, Specs] = {}
    if not isinstance(outcome, Ran):
        return found
    for instance, values, options in reversed(trace.calls):
        text = by_instance.get(id(instance))
        specs = specs_of(values, options, target)
        if text is not None and specs is not None:
            found[text] = specs
    return found


def smaller(specs: Specs) -> Specs:
    """The same inputs with a batch of two where all of them share a larger one."""
    batches = {spec.shape[0] for spec in specs if spec.shape}
    if len(batches) != 1 or max(batches) <= BATCH:
        return specs
    return tuple(spec.sized((BATCH, *spec.shape[1:])) if spec.shape else spec for spec in specs)


def specs_of(values: Tuple[Any, ...], options: Dict[str, Any], target: Target) -> Optional[Specs]:
    """Descriptions of what an instance of the target was called with."""
    names = [parameter.name for parameter in forward_parameters(target.cls)]
    specs: List[Optional[Spec]] = []
    for index, value in enumerate(values):
        specs.append(spec_of(names[index] if index < len(names) else f"input{index}", value, False, target))
    specs.extend(spec_of(name, value, True, target) for name, value in options.items())
    return None if None in specs else tuple(spec for spec in specs if spec is not None)


def written_specs(target: Target) -> Iterator[Specs]:
    """The inputs that the file itself makes for the target, described."""
    for positional, keywords in written_inputs(target):
        pairs = [("", text, False) for text in positional] + [(name, text, True) for name, text in keywords]
        specs: List[Spec] = []
        for name, text, keyword in pairs:
            value = attempt(lambda text=text: evaluate(text, target))  # type: ignore[misc]
            spec = None if isinstance(value, Failure) else spec_of(name, value.value, keyword, target)
            if spec is None:
                break
            specs.append(spec)
        else:
            yield tuple(specs)
