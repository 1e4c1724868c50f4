"""What the user asked to be run: arguments and inputs as they were written, and the example that a model carries."""

from __future__ import annotations

from typing import Any, Iterator, List, Tuple

import torch
from torch import nn

from .attempt import Failure, attempt
from .expressions import evaluate
from .specs import Spec, Specs, forward_parameters, spec_of
from .subjects import Target
from .vocabulary import input_kind

HIGH = 10


class NotUnderstood(Exception):
    """What the user wrote is no input."""


def asked_specs(model: nn.Module, target: Target, text: str, origin: str) -> Specs:
    """The inputs of a request: a shape such as `(2, 3, 32, 32)`, several of them, or any expression."""
    outcome = attempt(lambda: evaluate(text, target))
    if isinstance(outcome, Failure):
        raise NotUnderstood(f"the input `{text}` ({origin}) cannot be evaluated: {outcome.message}")
    value = outcome.value
    specs: List[Spec] = []
    for name, each, keyword in named(model, value):
        spec = shaped(name, tuple(each), keyword, model) if is_shape(each) else spec_of(name, each, keyword, target)
        if spec is None:
            raise NotUnderstood(f"the input `{text}` ({origin}) holds a {type(each).__name__} that cannot be replayed")
        specs.append(spec)
    return tuple(specs)


def named(model: nn.Module, value: Any) -> List[Tuple[str, Any, bool]]:
    """The inputs that a value stands for, with the names of forward's parameters, and whether they go by keyword."""
    if isinstance(value, dict):
        return [(str(name), each, True) for name, each in value.items()]
    values = list(value) if isinstance(value, (tuple, list)) and not is_shape(value) else [value]
    names = [parameter.name for parameter in forward_parameters(type(model))]
    names += [f"input{place}" for place in range(len(names), len(values))]
    return [(name, each, False) for name, each in zip(names, values)]


def is_shape(value: Any) -> bool:
    """Whether a value is a shape: a tuple of whole numbers."""
    return isinstance(value, (tuple, torch.Size)) and all(type(size) is int for size in value)


def shaped(name: str, shape: Tuple[int, ...], keyword: bool, model: nn.Module) -> Spec:
    """An input of this shape: integers where its name or the first layer looks indices up, else random numbers."""
    kind = input_kind(name)
    first = next((layer for layer in model.modules() if layer._parameters), None)
    table = first if isinstance(first, (nn.Embedding, nn.EmbeddingBag)) else None
    if kind == "mask":
        return Spec(name, "bool", shape, keyword=keyword)
    if kind in ("ids", "timesteps") or table is not None:
        return Spec(name, "ints", shape, high=HIGH if table is None else table.num_embeddings, keyword=keyword)
    return Spec(name, "float", shape, keyword=keyword)


def example_specs(model: nn.Module, target: Target) -> Iterator[Specs]:
    """The inputs that a model carries itself, as Lightning's do: `example_input_array`."""
    outcome = attempt(lambda: getattr(model, "example_input_array", None))
    if isinstance(outcome, Failure) or outcome.value is None:
        return
    found = [spec_of(name, each, keyword, target) for name, each, keyword in named(model, outcome.value)]
    if None not in found:
        yield tuple(spec for spec in found if spec is not None)
