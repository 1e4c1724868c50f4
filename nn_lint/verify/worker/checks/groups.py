"""Parameters without a gradient, gathered under the attribute that holds them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Set

from torch import nn

from .sources import is_torch


@dataclass(frozen=True)
class Group:
    """All trainable parameters under an attribute of a module. `whole` is false where they are but a part of what the
    attribute holds (an item of a list of layers); `path` is the attribute's whole name."""

    owner: nn.Module
    attribute: str
    path: str
    parameters: List[nn.Parameter]
    whole: bool

    @property
    def shown(self) -> str:
        """The attribute with the kind of its layer."""
        held = getattr(self.owner, self.attribute, None)
        if isinstance(held, nn.Parameter):
            return f"`{self.attribute}` (Parameter of shape {tuple(held.shape)})"
        return f"`{self.attribute}` ({type(held).__name__})"


def groups(model: nn.Module, alive: Set[int]) -> Iterator[Group]:
    """The largest groups in which nothing is alive, under the classes of the user."""
    yield from below(model, "", model, "", True, alive, set())


def below(
    module: nn.Module, path: str, owner: nn.Module, attribute: str, whole: bool, alive: Set[int], seen: Set[int]
) -> Iterator[Group]:
    """The groups under one module; `owner` and `attribute` lead to it from the nearest class of the user."""
    if id(module) in seen:
        return
    seen.add(id(module))
    own = not is_torch(type(module))
    members = [(name, each, [each]) for name, each in module._parameters.items() if each is not None]
    children = [(name, each, list(each.parameters())) for name, each in module._modules.items() if each is not None]
    for name, child, held in [*members, *children]:
        trainable = [each for each in held if each.requires_grad]
        dead = [each for each in trainable if id(each) not in alive]
        place = f"{path}.{name}" if path else name
        holder, known, complete = (module, name, True) if own else (owner, attribute, False)
        if dead and len(dead) == len(trainable):
            yield Group(holder, known, place, dead, complete)
        elif dead and isinstance(child, nn.Module):
            yield from below(child, place, holder, known, complete, alive, seen)
