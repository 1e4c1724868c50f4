"""Whether the input of a module reaches its output beside the weights of its branch.

P1: with the weights of the branch at zero the output equals act(shortcut(x)). P2: the gradient to the input survives
there. P1 alone would accept a detached or overwritten identity, P2 alone a gate or a concatenation. Both accept weights
that are never trained, so the gradient must also reach the branch and each parameter of the shortcut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple, Union

import torch
from torch import nn
from torch.nn import functional

from .attempt import Failure, Success, attempt
from .branch import is_kept, is_norm, shortcut_names, silence, telling_names
from .gradients import gradient_survives, is_alive, parameter_gradients
from .specs import Specs, build, call, tensors_in
from .subjects import Target

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
    """Whether the input arrives, and why not; `runs` is false where the variant cannot be built or run any more."""

    holds: bool
    reason: str = ""
    runs: bool = True


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
    outcome = run_seeded(model, specs, target, 1)
    if isinstance(outcome, Failure):
        return Arrival(False, f"fails after the repair: {outcome.message.splitlines()[0]}", runs=False)
    plain = first_tensor(outcome.value)
    if plain is None:
        return Arrival(False, "gives no floating tensor after the repair")
    if before is not None and before.shape != plain.shape:
        return Arrival(False, f"the output's shape changes from {tuple(before.shape)} to {tuple(plain.shape)}")
    kept = shortcut_names(model, new)
    zeroed = silence(model, kept)
    silent = output_of(zeroed, specs, target, 1)
    if silent is None:
        return Arrival(False, "does not run with the branch at zero")
    if overwrites_input(zeroed, specs, target):
        return Arrival(False, "the input is overwritten in place")
    gradients = parameter_gradients(model, specs, target)
    told = [gradient for name, gradient in gradients.items() if name in telling_names(model, kept)]
    if not any(map(is_alive, told)) if told else torch.allclose(plain, silent, atol=1e-6):
        return Arrival(False, "the branch no longer reaches the output")
    return shortcut_arrives(zeroed, specs, target, kept, gradients)


def shortcut_arrives(
    zeroed: nn.Module, specs: Specs, target: Target, kept: Set[str], gradients: Dict[str, Optional[torch.Tensor]]
) -> Arrival:
    """P1, P2, and a gradient for each parameter of the shortcut."""
    if not equals_shortcut(zeroed, specs, target, kept):
        return Arrival(False, "with the branch at zero the output is not the shortcut of the input")
    if not gradient_survives(zeroed, specs, target):
        return Arrival(False, "no gradient flows back to the input beside the branch")
    shortcut = [name for name, _ in zeroed.named_parameters() if is_kept(name, kept)]
    untrained = next((name for name in shortcut if is_cut_off(gradients.get(name))), None)
    return Arrival(True) if untrained is None else Arrival(False, f"no gradient reaches {untrained}")


def is_cut_off(gradient: Optional[torch.Tensor]) -> bool:
    """Whether nothing trains a parameter. A bias may get a gradient of zero, where a norm takes its mean away again."""
    return gradient is None or (gradient.dim() > 1 and not is_alive(gradient))


def run_seeded(model: nn.Module, specs: Specs, target: Target, seed: int) -> Union[Success[Any], Failure]:
    """What the model gives for inputs of this seed, other randomness held still."""
    values = build(specs, target, seed)
    torch.default_generator.manual_seed(0)
    with torch.no_grad():
        return attempt(lambda: call(model, specs, values))


def output_of(model: nn.Module, specs: Specs, target: Target, seed: int) -> Optional[torch.Tensor]:
    """The first floating tensor of that; None where there is none."""
    outcome = run_seeded(model, specs, target, seed)
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
    torch.default_generator.manual_seed(0)
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
    bases = [source]
    for norm in filter(is_norm, model.modules()):
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
