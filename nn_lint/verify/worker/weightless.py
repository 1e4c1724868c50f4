"""Construction without random weights, for models of which only the shapes matter."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator

import torch
from torch import nn

RANDOM = (
    *("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_"),
    *("kaiming_uniform_", "kaiming_normal_", "orthogonal_"),
)
LARGE = 1 << 16  # elements, above which fresh memory comes from the system and is zero anyway


@contextlib.contextmanager
def weightless() -> Iterator[None]:
    """While this is entered, torch's initialisers leave large weights as the system gives them and make small ones
    zero: drawing random numbers takes most of the time in which a large model is made."""
    originals = {name: getattr(nn.init, name) for name in RANDOM}
    for name in originals:
        setattr(nn.init, name, leave)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(nn.init, name, original)


def leave(tensor: torch.Tensor, *values: Any, **options: Any) -> torch.Tensor:
    """An initialiser that draws nothing."""
    if tensor.numel() <= LARGE:
        with torch.no_grad():
            tensor.zero_()
    return tensor
