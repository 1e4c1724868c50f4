"""The norm of the gradient that reaches the first layer of a module, in evaluation and in training mode.

The two differ by the norms: in training mode a batch norm brings every signal back to its size, in evaluation mode
those of a fresh model do nothing.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .answers import read_recipe
from .attempt import Failure, OutOfTime, attempt
from .protocol import Message
from .replaying import copy_weights
from .running import construct
from .specs import Specs, build, call, tensors_in
from .subjects import Target, load_target


class FirstUse(TorchFunctionMode):
    """Notes the first parameter of a model that an operation takes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.names = {id(each): name for name, each in model.named_parameters() if each.requires_grad}
        self.found: List[str] = []

    def __torch_function__(
        self, function: Any, types: Any, values: Tuple[Any, ...] = (), options: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation. One that gives nothing to train by, such as asking for a shape, uses no parameter."""
        result = function(*values, **(options or {}))
        if not self.found and any(tensor.requires_grad for tensor in tensors_in(result)):
            self.found.extend(self.names[id(each)] for each in flat([values, options]) if id(each) in self.names)
        return result

    @property
    def layer(self) -> Optional[str]:
        """The layer that the parameter belongs to; the parameter itself where that is the whole model."""
        return (self.found[0].rpartition(".")[0] or self.found[0]) if self.found else None


def flat(value: Any) -> Iterator[Any]:
    """The values inside lists, tuples and dictionaries."""
    if isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from flat(item)
    else:
        yield value


def measure(subjects: List[Message], recipe: str) -> Message:
    """For each subject the first layer and the norm of its gradient, None where there is none. Layer and weights of
    the first subject serve the others too, as far as they have them."""
    measured: List[Optional[Message]] = []
    first: Optional[nn.Module] = None
    layer: Optional[str] = None
    try:
        for subject in subjects:
            built = built_model(subject, recipe)
            if isinstance(built, Failure):
                measured.append(None)
                continue
            target, model, specs = built
            if first is not None:
                copy_weights(first, model)
            first = first or model
            measured.append(gradient_of(model, specs, target, layer))
            layer = layer or (measured[-1] or {}).get("layer")
    except OutOfTime:
        measured.extend([None] * (len(subjects) - len(measured)))
    return {"gradients": measured}


def built_model(subject: Message, recipe: str) -> Union[Tuple[Target, nn.Module, Specs], Failure]:
    """The subject's class, and a model of it with inputs by the recipe."""
    arguments, specs = read_recipe(recipe)
    loaded = attempt(lambda: load_target(subject))
    if isinstance(loaded, Failure):
        return loaded
    model = construct(loaded.value, arguments)
    return model if isinstance(model, Failure) else (loaded.value, model, specs)


def gradient_of(model: nn.Module, specs: Specs, target: Target, wanted: Optional[str]) -> Optional[Message]:
    """The first layer and its norms, `training` None where the module does not run so."""
    evaluation = norm_in(model.eval(), specs, target, wanted)
    if evaluation is None:
        return None
    layer, norm = evaluation
    training = norm_in(model.train(), specs, target, layer)
    return {"layer": layer, "norm": norm, "training": None if training is None else training[1]}


def norm_in(model: nn.Module, specs: Specs, target: Target, wanted: Optional[str]) -> Optional[Tuple[str, float]]:
    """The layer that is wanted, else the first, and the norm of its gradient in the model's present mode."""
    watch = FirstUse(model)
    loss = loss_of(model, specs, target, watch)
    layer = next((each for each in (wanted, watch.layer) if each and own_parameters(model, each)), None)
    if loss is None or layer is None:
        return None
    model.zero_grad()
    outcome = attempt(loss.backward)
    return None if isinstance(outcome, Failure) else (layer, norm_of(own_parameters(model, layer)))


def loss_of(model: nn.Module, specs: Specs, target: Target, watch: FirstUse) -> Optional[torch.Tensor]:
    """The mean square of what the module gives for inputs of a fixed seed; None where it cannot be trained by."""
    values = build(specs, target)
    torch.default_generator.manual_seed(0)
    with watch:
        outcome = attempt(lambda: call(model, specs, values))
    outputs = [] if isinstance(outcome, Failure) else tensors_in(outcome.value)
    squares = [tensor.float().square().mean() for tensor in outputs if tensor.requires_grad]
    return torch.stack(squares).sum() if squares else None


def own_parameters(model: nn.Module, layer: str) -> List[nn.Parameter]:
    """The parameters of a layer, those of layers inside it left off."""
    named = model.named_parameters()
    return [each for name, each in named if layer in (name, name.rpartition(".")[0])]


def norm_of(parameters: List[nn.Parameter]) -> float:
    """The norm of all their gradients together."""
    return math.sqrt(sum(float(each.grad.double().square().sum()) for each in parameters if each.grad is not None))
