"""Forward and backward in training mode: which parameters get a gradient in any of several runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, List, Optional, Set

import torch
from torch import nn

from ..attempt import Failure, attempt
from .checked import Checked
from .held import kept_tensors, output_tensors
from .trail import Trail

# Stochastic depth and the like leave layers out of some of the runs.
SEEDS = (0, 1, 2)


@dataclass
class Trained:
    """What the runs showed. `alive` are the identities of what got a gradient; `trail` is that of the first run;
    `failure` tells why the first backward failed."""

    model: nn.Module
    trail: Trail
    alive: Set[int] = field(default_factory=set)
    failure: Optional[Failure] = None
    floating: bool = False
    connected: bool = False


def trained(checked: Checked, others: Iterable[torch.Tensor], model: nn.Module) -> Optional[Trained]:
    """Run a model several times; None where it does not run in training mode, or gives what cannot be looked into.

    `others` are tensors outside of `parameters()` to be watched too.
    """
    known = list(others)
    found = Trained(model, Trail(model, checked.target.path))
    for seed, training in [*((seed, True) for seed in SEEDS), (0, False)]:
        model.train(training)
        trail = Trail(model, checked.target.path)
        values = checked.values(seed)
        with trail.watching(), torch.enable_grad():
            outcome = checked.run(model, values, seed)
        first = seed == SEEDS[0] and training
        if first:
            found.trail = trail
        tensors = None if isinstance(outcome, Failure) else output_tensors(outcome.value)
        if tensors is None:
            return None
        failure = backward(found, tensors, model)
        if failure is not None:
            found.failure = failure
            return found
        found.alive.update(id(each) for each in (*model.parameters(), *known) if each.grad is not None)
        if all(id(each) in found.alive for each in model.parameters() if each.requires_grad):
            break
    return found


def backward(found: Trained, tensors: List[torch.Tensor], model: nn.Module) -> Optional[Failure]:
    """The backward of a randomly weighted sum of all outputs, then of what the modules keep; the failure of the
    first."""
    found.floating = found.floating or any(each.is_floating_point() or each.is_complex() for each in tensors)
    living = [each for each in tensors if each.requires_grad]
    if not living:
        return None
    found.connected = True
    outcome = attempt(lambda: weighted(living).backward(retain_graph=True))
    if isinstance(outcome, Failure):
        return outcome
    given = {id(each) for each in living}
    kept = [each for each in kept_tensors(model) if id(each) not in given]
    if kept:
        attempt(lambda: weighted(kept).backward())  # what was kept from an earlier forward has no graph any more
    return None


def weighted(tensors: List[torch.Tensor]) -> Any:
    """A sum that no symmetry cancels."""
    total = torch.zeros(())
    for each in tensors:
        real = torch.view_as_real(each) if each.is_complex() else each
        total = total + (real.float() * torch.randn(real.shape)).sum()
    return total
