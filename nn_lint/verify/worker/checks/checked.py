"""A class that ran, to be built and run again by the checks, and what they have to say about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, List, Optional, Union

import torch
from torch import nn

from ..arguments import Arguments
from ..attempt import Failure, Success, attempt
from ..protocol import Message
from ..running import make
from ..specs import Specs, build, call
from ..subjects import Target


@dataclass(frozen=True)
class Checked:
    """A class, the arguments and inputs that it ran with, what it gave, and how many parameters it has."""

    target: Target
    arguments: Arguments
    specs: Specs
    output: Any
    size: int

    def fresh(self, seed: int = 0) -> nn.Module:
        """A new instance in evaluation mode, with the weights of a seed. What is made of memory as it was found holds
        NaN, so that it is seen and is the same every time."""
        before = torch.are_deterministic_algorithms_enabled()
        fill_memory(True)
        try:
            torch.manual_seed(seed)
            model = make(self.target, self.arguments.text)
        finally:
            fill_memory(before)
        return model.eval()

    @cached_property
    def model(self) -> nn.Module:
        """One such instance for all that only run it; what is found with it is confirmed with new ones."""
        return self.fresh()

    def values(self, seed: int = 0) -> List[Any]:
        """The inputs of a seed."""
        return build(self.specs, self.target, seed)

    def run(self, model: nn.Module, values: List[Any], seed: int = 0) -> Union[Success[Any], Failure]:
        """What the model gives, its own randomness by a seed."""
        torch.manual_seed(seed)
        return attempt(lambda: call(model, self.specs, values))


def fill_memory(fills: bool) -> None:
    """Whether torch fills new memory with NaN, which is part of its deterministic mode. The public way to turn that on
    imports the compiler first, a second for each class."""
    torch._C._set_deterministic_algorithms(fills, warn_only=True)


def note(code: str, message: str, row: Optional[int], *, sure: bool) -> Message:
    """A finding: `sure` where no reading of the code would excuse it."""
    return {"code": code, "message": message, "row": row, "sure": sure}
