"""Every tensor that leaves a forward: in its output, however deep, and in what its modules keep."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Set

import torch
from torch import nn

DEEPEST = 8
PLAIN = (str, bytes, int, float, complex, bool, type(None), torch.Size, torch.dtype, torch.device, type)


class Opaque(Exception):
    """A value may hold tensors that cannot be seen."""


def output_tensors(value: Any) -> Optional[List[torch.Tensor]]:
    """All tensors inside an output; None where something in it cannot be looked into."""
    try:
        return list(inside(value, set(), 0))
    except Opaque:
        return None


def inside(value: Any, seen: Set[int], depth: int) -> Iterator[torch.Tensor]:
    """The tensors inside lists, dictionaries and objects."""
    if isinstance(value, torch.Tensor):
        yield value
        return
    if isinstance(value, PLAIN) or id(value) in seen:
        return
    seen.add(id(value))
    if depth > DEEPEST or callable(value):
        raise Opaque(type(value).__name__)
    for part in parts_of(value):
        yield from inside(part, seen, depth + 1)


def parts_of(value: Any) -> Iterator[Any]:
    """What a container or an object holds."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ())]
    if not slots and not hasattr(value, "__dict__") and not isinstance(value, (dict, list, tuple, set, frozenset)):
        raise Opaque(type(value).__name__)
    yield from vars(value).values() if hasattr(value, "__dict__") else ()
    yield from (getattr(value, name) for name in slots if hasattr(value, name))


def kept_tensors(model: nn.Module) -> List[torch.Tensor]:
    """The tensors with a gradient that modules have stored in themselves: an auxiliary loss, a state."""
    found: List[torch.Tensor] = []
    for module in model.modules():
        for name, value in vars(module).items():
            if name not in ("_parameters", "_modules"):
                found.extend(each for each in shallow(value, 0) if each.grad_fn is not None)
    return found


def shallow(value: Any, depth: int) -> Iterator[torch.Tensor]:
    """The tensors in a value and in containers of it."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple, dict)) and depth < DEEPEST:
        for item in value.values() if isinstance(value, dict) else value:
            yield from shallow(item, depth + 1)
