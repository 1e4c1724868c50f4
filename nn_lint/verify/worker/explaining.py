"""Inputs that would fit, for a user whose own inputs do not, and what reaches a Linear behind a flatten there."""

from __future__ import annotations

import math
from typing import Any, Callable, Iterator, List, Tuple

import torch
from torch import nn

from .attempt import attempt
from .repairs import SIDES, solve_flatten
from .search import Ran, run_once
from .specs import Shape, Specs, build, call
from .subjects import Target
from .tracing import Trace, tracing

FITTING_SECONDS = 3.0
MOST_FITTING = 12


def fitting_inputs(model: nn.Module, specs: Specs, target: Target) -> str:
    """Inputs of another size under which the model runs, where those of the user have sides; else nothing."""
    if not any(len(spec.shape) > 2 for spec in specs):
        return ""
    with tracing() as trace, torch.no_grad():
        attempt(lambda: call(model, specs, build(specs, target)))
    for tried, other in enumerate(other_sizes(specs, trace)):
        if tried == MOST_FITTING:
            break
        with flattened(model) as found:
            outcome = run_once(model, single(other), target, FITTING_SECONDS)
        if isinstance(outcome, Ran):
            shapes = ", ".join(str(spec.shape) for spec in other if spec.shape)
            reached = f": there {found[0]}" if found else ""
            return f"; an input of {shapes} fits{reached}"
    return ""


def single(specs: Specs) -> Specs:
    """The same inputs with a batch of one, where all of them share their first size: sides do not depend on it."""
    batches = {spec.shape[:1] for spec in specs}
    return tuple(spec.sized((1, *spec.shape[1:])) for spec in specs) if len(batches) == 1 else specs


def other_sizes(specs: Specs, trace: Trace) -> Iterator[Specs]:
    """The same inputs with the usual sides, then with those that the failing Linear may want."""
    for side in SIDES:
        yield tuple(
            spec.sized((*spec.shape[:2], *(side for _ in spec.shape[2:]))) if len(spec.shape) > 2 else spec
            for spec in specs
        )
    yield from solve_flatten(specs, "", trace)


class flattened:  # noqa: N801
    """While this is entered, notes which Linear is given the flattened result of the layer that ran before it."""

    def __init__(self, model: nn.Module) -> None:
        self._names = {id(layer): name for name, layer in model.named_modules()}
        self._layers = [layer for layer in model.modules() if not list(layer.children())]
        self._last: Shape = ()
        self._found: List[str] = []
        self._hooks: List[Any] = []

    def __enter__(self) -> List[str]:
        for layer in self._layers:
            self._hooks.append(layer.register_forward_hook(self._note()))
        return self._found

    def __exit__(self, *reason: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _note(self) -> Callable[[nn.Module, Tuple[Any, ...], Any], None]:
        def note(layer: nn.Module, given: Tuple[Any, ...], result: Any) -> None:
            takes_flat = isinstance(layer, nn.Linear) and isinstance(given[0], torch.Tensor) and given[0].dim() == 2
            if takes_flat and len(self._last) > 2 and math.prod(self._last[1:]) == layer.in_features:
                sides = " x ".join(map(str, self._last[1:]))
                name = f"`{self._names[id(layer)]}` (Linear({layer.in_features}, {layer.out_features}))"
                self._found.append(f"{name} is given {sides} = {layer.in_features} features")
            self._last = tuple(result.shape) if isinstance(result, torch.Tensor) else ()

        return note
