"""Gradients of a run with a fixed seed: which parameters and inputs they reach."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import torch
from torch import nn

from .attempt import Failure, attempt
from .specs import Specs, build, call, tensors_in
from .subjects import Target

Gradients = Sequence[Optional[torch.Tensor]]


def is_alive(gradient: Optional[torch.Tensor]) -> bool:
    """Whether anything flows: there is a gradient, and it is not zero everywhere."""
    return gradient is not None and bool(gradient.abs().max() > 0)


def gradient_survives(model: nn.Module, specs: Specs, target: Target) -> bool:
    """P2: the gradient to some floating input is not zero."""
    values = build(specs, target, 1)
    leaves = [value for value in values if isinstance(value, torch.Tensor) and value.is_floating_point()]
    for leaf in leaves:
        leaf.requires_grad_()
    return any(map(is_alive, gradients_to(leaves, model, specs, values)))


def parameter_gradients(model: nn.Module, specs: Specs, target: Target) -> Dict[str, Optional[torch.Tensor]]:
    """The gradient to each parameter that can be trained, by name; None where none arrives."""
    named = {name: each for name, each in model.named_parameters() if each.requires_grad}
    found = gradients_to(list(named.values()), model, specs, build(specs, target, 1))
    return dict(zip(named, found))


def gradients_to(leaves: List[torch.Tensor], model: nn.Module, specs: Specs, values: List[Any]) -> Gradients:
    """The gradients of a randomly weighted sum of the first output that has any."""
    torch.default_generator.manual_seed(0)
    outcome = attempt(lambda: call(model, specs, values))
    outputs = [] if isinstance(outcome, Failure) else tensors_in(outcome.value)
    output = next((tensor for tensor in outputs if tensor.requires_grad), None)
    if output is None or not leaves:
        return [None] * len(leaves)
    torch.default_generator.manual_seed(3)
    weighted = (output * torch.randn_like(output)).sum()
    return torch.autograd.grad(weighted, leaves, allow_unused=True)
