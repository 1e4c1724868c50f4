"""The run of before, once more with the text of after: same arguments, same inputs, same weights."""

from __future__ import annotations

from typing import Any, List, Optional, Union

import torch
from torch import nn

from .answers import Progress, describe, read_recipe
from .attempt import Failure, OutOfTime, attempt, frames_of
from .protocol import Message
from .running import construct, no_output
from .search import Ran, run_once
from .specs import Specs, tensors_in
from .subjects import Target, load_target

# Sums in another order differ by rounding; anything beyond that is another function.
TOLERANCE = 1e-4


def replay(before: Message, after: Message, recipe: str) -> Message:
    """Run `after` by the recipe of `before`, and tell whether both give the same values."""
    arguments, specs = read_recipe(recipe)
    progress = Progress(arguments=arguments, specs=specs)
    equal = False
    try:
        first = rebuild(before, recipe)
        loaded = attempt(lambda: load_target(after))
        if isinstance(loaded, Failure):
            return describe(progress, loaded, False, after["path"])
        target = progress.target = loaded.value
        progress.stage = "construct"
        model = construct(target, arguments)
        failure: Optional[Failure] = model if isinstance(model, Failure) else None
        if not isinstance(model, Failure):
            progress.model, progress.stage = model, "forward"
            failure, equal = run_beside(first, model, specs, target, progress)
    except OutOfTime as error:
        return describe(progress, Failure(error, frames_of(error.__traceback__)), True, after["path"])
    return {**describe(progress, failure, False, after["path"]), "equal": equal}


def rebuild(before: Message, recipe: str) -> Union[tuple[nn.Module, Any], Failure]:
    """The model of before and its output."""
    arguments, specs = read_recipe(recipe)
    loaded = attempt(lambda: load_target(before))
    if isinstance(loaded, Failure):
        return loaded
    model = construct(loaded.value, arguments)
    if isinstance(model, Failure):
        return model
    torch.default_generator.manual_seed(0)
    outcome = run_once(model, specs, loaded.value)
    return (model, outcome.output) if isinstance(outcome, Ran) else outcome[0]


def run_beside(
    first: Union[tuple[nn.Module, Any], Failure], model: nn.Module, specs: Specs, target: Target, progress: Progress
) -> tuple[Optional[Failure], bool]:
    """Run the new model with the old one's weights: its failure, or whether the values are the same."""
    if not isinstance(first, Failure):
        copy_weights(first[0], model)
    torch.default_generator.manual_seed(0)
    outcome = run_once(model, specs, target)
    if not isinstance(outcome, Ran):
        return outcome[0], False
    progress.output = outcome.output
    if isinstance(first, Failure):
        return None, False
    failure = no_output(target, outcome.output)[0]
    return failure, failure is None and same_values(tensors_in(first[1]), tensors_in(outcome.output))


def copy_weights(source: nn.Module, sink: nn.Module) -> None:
    """Copy parameters and buffers where names and shapes agree."""
    old, new = attempt(source.state_dict), attempt(sink.state_dict)
    if isinstance(old, Failure) or isinstance(new, Failure):
        return
    with torch.no_grad():
        for name, tensor in new.value.items():
            known = old.value.get(name)
            if isinstance(known, torch.Tensor) and isinstance(tensor, torch.Tensor) and known.shape == tensor.shape:
                tensor.copy_(known)


def same_values(old: List[torch.Tensor], new: List[torch.Tensor]) -> bool:
    """Whether two outputs hold the same tensors, up to rounding."""
    if len(old) != len(new) or not old:
        return False
    return all(
        first.shape == second.shape
        and first.dtype == second.dtype
        and torch.allclose(first.double(), second.double(), rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        for first, second in zip(old, new)
    )
