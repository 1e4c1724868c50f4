"""Where the parameters of a model are used in a forward, and where the gradient on the way from them is cut."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Set

import torch
from torch import nn

from .operations import Frame, Watching, tensors_of, user_frames

# Operations that look at the kind and the size of what they are given, not at its values.
_BY_FORM = re.compile(r"\w+_like|new_\w+")
_BY_FIRST = {"type_as", "expand_as", "view_as", "reshape_as", "to"}
_LEAVING = {"item", "tolist", "numpy", "__array__", "__float__", "__int__", "__bool__"}
MOST_CUTS = 400
MOST_NODES = 20_000


@dataclass
class Cut:
    """An operation that takes what would be trained and gives what is not: `no_grad`, or its own name."""

    kind: str
    frames: List[Frame]
    taken: List[torch.Tensor]


@dataclass
class Trail:
    """The uses and cuts of one forward; `used` has the user's frames of the first use of each parameter, by its
    identity."""

    model: nn.Module
    path: str
    known: Set[int] = field(default_factory=set)
    used: Dict[int, List[Frame]] = field(default_factory=dict)
    cuts: List[Cut] = field(default_factory=list)

    def watching(self) -> Watching:
        """The mode to run the forward in."""
        self.known = {id(each) for each in self.model.parameters()}
        return Watching(self.notice)

    def notice(self, name: str, given: List[Any], result: Any) -> None:
        """Enter one operation."""
        results = list(tensors_of(result))
        if _BY_FORM.fullmatch(name) or (not results and name not in _LEAVING):
            return
        live = [each for each in tensors_of(given[:1] if name in _BY_FIRST else given) if each.requires_grad]
        if not live:
            return
        if any(each.requires_grad for each in results):
            for each in live:
                if id(each) in self.known and id(each) not in self.used:
                    self.used[id(each)] = user_frames(self.path)
        elif len(self.cuts) < MOST_CUTS:
            kind = name if torch.is_grad_enabled() else "no_grad"
            self.cuts.append(Cut(kind, user_frames(self.path), live))

    def cut_off(self, wanted: Set[int]) -> Dict[int, Cut]:
        """The first cut on the way of each parameter that is wanted."""
        found: Dict[int, Cut] = {}
        for cut in self.cuts:
            for leaf in leaves_behind(cut.taken):
                if leaf in wanted:
                    found.setdefault(leaf, cut)
        return found


def leaves_behind(tensors: List[torch.Tensor]) -> Set[int]:
    """The identities of the leaves that the tensors are made of, as far as the graph is looked into."""
    found = {id(each) for each in tensors if each.grad_fn is None}
    waiting = [each.grad_fn for each in tensors if each.grad_fn is not None]
    seen: Set[Any] = set(waiting)
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        variable = getattr(node, "variable", None)
        if variable is not None:
            found.add(id(variable))
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return found
