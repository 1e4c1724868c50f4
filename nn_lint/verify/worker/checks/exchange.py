"""A batch of five in which the middle sample is exchanged, and what changes in the outer ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import torch
from torch import nn

from ..attempt import Failure
from ..specs import Specs
from .checked import Checked
from .held import output_tensors
from .operations import Watching, name_of_step, tensors_of, user_frames

COUNT = 5  # divides few of the other sizes
CHANGED = 2
TOLERANCE = 1e-5
MOST_ELEMENTS = 30_000_000


@dataclass(frozen=True)
class Step:
    """An operation: its name, its row, and its result where that has a row for each sample."""

    name: str
    row: Optional[int]
    result: Optional[torch.Tensor]


def exchanged(wide: Checked) -> List[Any]:
    """The inputs with another sample in the middle."""
    values, others = wide.values(), wide.values(1)
    for value, other in zip(values, others):
        if isinstance(value, torch.Tensor):
            value[CHANGED] = other[CHANGED]
    return values


def recorded(wide: Checked, model: nn.Module, values: List[Any]) -> Optional[Tuple[List[torch.Tensor], List[Step]]]:
    """The outputs of a model, and its steps."""
    steps: List[Step] = []
    room = [MOST_ELEMENTS]

    def notice(name: str, given: List[Any], result: Any) -> None:
        for tensor in tensors_of(result):
            room[0] -= tensor.numel()
            kept = tensor.detach().clone() if tensor.shape[:1] == (COUNT,) and room[0] > 0 else None
            frames = user_frames(wide.target.path)
            steps.append(Step(name_of_step(name), frames[0][0] if frames else None, kept))

    with Watching(notice), torch.no_grad():
        outcome = wide.run(model, values)
    outputs = None if isinstance(outcome, Failure) else output_tensors(outcome.value)
    return None if not outputs else (outputs, steps)


def first_size(wide: Checked, model: nn.Module, layers: Sequence[nn.Module]) -> Optional[int]:
    """The first dimension of what the first of these layers to run is given."""
    sizes: List[int] = []

    def keep(module: nn.Module, given: Any) -> None:
        sizes.extend(tensor.shape[0] for tensor in tensors_of(list(given)[:1]) if tensor.dim())

    hooks = [layer.register_forward_pre_hook(keep) for layer in layers]
    if hooks:
        with torch.no_grad():
            wide.run(model, wide.values())
    for hook in hooks:
        hook.remove()
    return sizes[0] if sizes else None


def is_batched(plain: Optional[List[torch.Tensor]], wide: List[torch.Tensor], specs: Specs) -> bool:
    """Whether all outputs begin with the batch, and stay the same otherwise when it grows."""
    size = next(each.shape[0] for each in specs if each.kind != "text")
    return (
        plain is not None
        and len(plain) == len(wide)
        and all(
            small.shape[:1] == (size,) and large.shape == (COUNT, *small.shape[1:]) for small, large in zip(plain, wide)
        )
    )


def differs(first: List[torch.Tensor], second: List[torch.Tensor]) -> bool:
    """Whether any output of an unchanged sample has changed."""
    return any(is_far(old, new) for old, new in zip(first, second))


def is_changed(first: Step, second: Step) -> bool:
    """Whether a step gives something else for an unchanged sample."""
    return first.result is not None and second.result is not None and is_far(first.result, second.result)


def is_far(old: torch.Tensor, new: torch.Tensor) -> bool:
    """Whether two results differ beyond rounding in a sample that did not change."""
    if old.shape != new.shape or old.shape[:1] != (COUNT,) or not old.is_floating_point():
        return False
    kept = [place for place in range(COUNT) if place != CHANGED]
    before, after = old[kept].double(), new[kept].double()
    if not (bool(before.isfinite().all()) and bool(after.isfinite().all())) or not before.numel():
        return False
    scale = float(before.abs().max())
    return float((before - after).abs().max()) > TOLERANCE * max(scale, 1e-6)
