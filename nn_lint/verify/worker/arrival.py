"""Whether the input of a module reaches its output beside the weights of its branch.

P1: with the weights of the branch at zero the output equals act(shortcut(x)). P2: the gradient to the input survives
there. P1 alone would accept a detached or overwritten identity, P2 alone a gate or a concatenation.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import torch
from torch import nn
from torch.nn import functional

from .attempt import Failure, attempt
from .specs import Specs, build, call, tensors_in
from .subjects import Target

SHORTCUT = re.compile(r"short_?cut|down_?sample|skip|identity|proj|residual", re.IGNORECASE)
NORM = re.compile(r"norm|^bn", re.IGNORECASE)
ACTIVATIONS: Tuple[Callable[[torch.Tensor], torch.Tensor], ...] = (
    lambda x: x,
    functional.relu,
    functional.leaky_relu,
    lambda x: functional.leaky_relu(x, 0.1),
    lambda x: functional.leaky_relu(x, 0.2),
    functional.relu6,
    functional.elu,
    functional.selu,
    functional.gelu,
    lambda x: functional.gelu(x, approximate="tanh"),
    functional.silu,
    functional.mish,
    functional.hardswish,
    functional.softplus,
    torch.tanh,
    torch.sigmoid,
)
# Two norms in a row differ from one by their epsilon.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Arrival:
    """Whether the input arrives, and why not."""

    holds: bool
    reason: str = ""


def arrives_at_all(model: nn.Module, specs: Specs, target: Target) -> Optional[bool]:
    """Whether anything of the input, as it was given, is left in the output when every weight is zero; None where that
    does not run."""
    zeroed = silence(model, set())
    first, second = (output_of(zeroed, specs, target, seed) for seed in (1, 2))
    if first is None or second is None or first.shape != second.shape:
        return None
    return not torch.allclose(first, second, atol=1e-6) and not overwrites_input(model, specs, target)


def arrives(model: nn.Module, specs: Specs, target: Target, old: Optional[nn.Module], new: Set[str]) -> Arrival:
    """The whole proof for a repaired block; `new` are the names that the block before, if it ran, did not have."""
    before = None if old is None else output_of(old, specs, target, 1)
    plain = output_of(model, specs, target, 1)
    if plain is None:
        return Arrival(False, "does not run after the repair")
    if before is not None and before.shape != plain.shape:
        return Arrival(False, f"the output's shape changes from {tuple(before.shape)} to {tuple(plain.shape)}")
    kept = shortcut_names(model, new)
    zeroed = silence(model, kept)
    if overwrites_input(zeroed, specs, target):
        return Arrival(False, "the input is overwritten in place")
    silent = output_of(zeroed, specs, target, 1)
    if silent is None:
        return Arrival(False, "does not run with the branch at zero")
    if torch.allclose(plain, silent, atol=1e-6):
        return Arrival(False, "the branch no longer reaches the output")
    if not equals_shortcut(zeroed, specs, target, kept):
        return Arrival(False, "with the branch at zero the output is not the shortcut of the input")
    if not gradient_survives(zeroed, specs, target):
        return Arrival(False, "no gradient flows back to the input beside the branch")
    return Arrival(True)


def shortcut_names(model: nn.Module, new: Set[str]) -> Set[str]:
    """Submodules and parameters of the shortcut: what is new, else what is named like one and is no part of a
    branch."""
    if new:
        return new
    return {name for name, _ in model.named_children() if SHORTCUT.search(name)}


def silence(model: nn.Module, kept: Set[str]) -> nn.Module:
    """A copy whose weights outside `kept` are zero. Norms keep a scale of one: they pass on what reaches them, and a
    branch of zeros leaves them as zeros."""
    silent = copy.deepcopy(model)
    silent.eval()
    with torch.no_grad():
        for prefix, module in silent.named_modules():
            is_norm = bool(NORM.search(type(module).__name__)) and not list(module.children())
            for name, parameter in module.named_parameters(recurse=False):
                whole = f"{prefix}.{name}" if prefix else name
                if not is_kept(whole, kept):
                    parameter.fill_(1.0 if is_norm and name in ("weight", "gamma", "scale", "g") else 0.0)
    return silent


def is_kept(name: str, kept: Set[str]) -> bool:
    """Whether a parameter belongs to the shortcut: itself or a module around it."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in kept for length in range(1, len(parts) + 1))


def output_of(model: nn.Module, specs: Specs, target: Target, seed: int) -> Optional[torch.Tensor]:
    """The first tensor that the model gives for inputs of this seed, other randomness held still."""
    values = build(specs, target, seed)
    torch.manual_seed(0)
    with torch.no_grad():
        outcome = attempt(lambda: call(model, specs, values))
    return None if isinstance(outcome, Failure) else first_tensor(outcome.value)


def first_tensor(value: Any) -> Optional[torch.Tensor]:
    """The first floating tensor of an output."""
    found = [tensor for tensor in tensors_in(value) if tensor.is_floating_point()]
    return found[0].detach() if found else None


def overwrites_input(model: nn.Module, specs: Specs, target: Target) -> bool:
    """Whether a forward changes the tensors that it is given."""
    values, untouched = build(specs, target, 1), build(specs, target, 1)
    with torch.no_grad():
        attempt(lambda: call(model, specs, values))
    pairs = zip(tensors_in(values), tensors_in(untouched))
    return any(not torch.equal(given, kept) for given, kept in pairs)


def equals_shortcut(model: nn.Module, specs: Specs, target: Target, kept: Set[str]) -> bool:
    """P1: the output is an activation (or norm) of an input, of a shortcut module's output, or of a cut or padded
    input."""
    values = build(specs, target, 1)
    passed: List[torch.Tensor] = []
    hooks = [module.register_forward_hook(keeper(passed)) for name, module in model.named_modules() if name in kept]
    torch.manual_seed(0)
    with torch.no_grad():
        outcome = attempt(lambda: call(model, specs, values))
    for hook in hooks:
        hook.remove()
    output = None if isinstance(outcome, Failure) else first_tensor(outcome.value)
    other = output_of(model, specs, target, 2)
    if output is None or other is None or torch.allclose(output, other, atol=1e-6):
        return False
    inputs = [tensor for tensor in tensors_in(build(specs, target, 1)) if tensor.is_floating_point()]
    sources = [tensor for tensor in [*inputs, *passed] if tensor.shape == output.shape]
    if any(close(output, after) for source in sources for after in transformed(source, model)):
        return True
    return not passed and any(is_cut_of(output, source) for source in inputs if source.shape != output.shape)


def keeper(passed: List[torch.Tensor]) -> Callable[[nn.Module, Any, Any], None]:
    """A hook that keeps copies of what a module gives."""

    def keep(module: nn.Module, given: Any, result: Any) -> None:
        if isinstance(result, torch.Tensor):
            passed.append(result.detach().clone())

    return keep


def close(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Equal up to rounding."""
    return first.shape == second.shape and torch.allclose(first, second, rtol=TOLERANCE, atol=TOLERANCE)


def transformed(source: torch.Tensor, model: nn.Module) -> Iterator[torch.Tensor]:
    """The source under every activation, with and without one of the model's norms before it."""
    norms = [module for module in model.modules() if NORM.search(type(module).__name__) and not list(module.children())]
    bases = [source]
    for norm in norms:
        with torch.no_grad():
            outcome = attempt(lambda norm=norm: norm(source.clone()))  # type: ignore[misc]
        if not isinstance(outcome, Failure) and isinstance(outcome.value, torch.Tensor):
            bases.append(outcome.value)
    for base in bases:
        for activation in ACTIVATIONS:
            yield activation(base.clone())


def is_cut_of(output: torch.Tensor, source: torch.Tensor) -> bool:
    """Whether every value of the output is zero or one of the source's under an activation: a strided, padded
    identity."""
    for activation in (functional.relu, lambda x: x):
        values = activation(source).flatten().sort().values
        flat = output.flatten()
        places = torch.searchsorted(values, flat).clamp(max=len(values) - 1)
        found = (values[places] == flat) | (flat == 0)
        if bool(found.all()) and bool((flat != 0).any()):
            return True
    return False


def gradient_survives(model: nn.Module, specs: Specs, target: Target) -> bool:
    """P2: the gradient to some floating input is not zero."""
    values = build(specs, target, 1)
    leaves: Dict[int, torch.Tensor] = {}
    for index, value in enumerate(values):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            leaves[index] = value.requires_grad_()
    torch.manual_seed(0)
    outcome = attempt(lambda: call(model, specs, values))
    if isinstance(outcome, Failure):
        return False
    output = next((tensor for tensor in tensors_in(outcome.value) if tensor.requires_grad), None)
    if output is None:
        return False
    torch.manual_seed(3)
    weighted = (output * torch.randn_like(output)).sum()
    gradients = torch.autograd.grad(weighted, list(leaves.values()), allow_unused=True)
    return any(gradient is not None and bool(gradient.abs().max() > 0) for gradient in gradients)
