"""NN604: parameters that no backward reaches, and why.

What is normal is not told: parameters with `requires_grad` off, a gradient of zero, what gets its gradient in one of
several runs in training or evaluation mode, what another method or a branch that was not taken reads, and what the
text shows to be kept from training on purpose.
"""

from __future__ import annotations

from typing import Iterator, List, Optional, Set, Tuple

import torch

from ..attempt import Failure, attempt
from ..protocol import Message
from .checked import Checked, note
from .groups import groups
from .hidden import Hidden, hidden_layers
from .reasons import CODE, is_on_purpose, reason
from .sources import definitions
from .training import Trained, trained

HEAVY = 2_000_000
Observed = Tuple[List[Hidden], Trained]


def check(checked: Checked) -> Iterator[Message]:
    """What is said about the parameters of a module."""
    found = observed(checked)
    if found is None:
        return
    hidden, seen = found
    if seen.failure is not None:
        yield from unusable(checked, seen)
        return
    yield from (told(layer) for layer in hidden if any(id(each) in seen.alive for each in layer.parameters))
    if seen.connected or not seen.trail.cuts:
        yield from dead(checked, seen)
    elif seen.floating:
        yield from cut_whole(checked, seen)


def observed(checked: Checked) -> Optional[Observed]:
    """What training shows: a heavy model is trained on the meta device, where a gradient takes the same ways and costs
    nothing; code that asks for values does not run there."""
    if checked.size > HEAVY:
        with torch.device("meta"):
            outcome = attempt(lambda: observe(checked))
        if not isinstance(outcome, Failure) and outcome.value is not None:
            return outcome.value
    return observe(checked)


def observe(checked: Checked) -> Optional[Observed]:
    """A new model, trained; None where there is nothing to train, or where it does not run in training mode."""
    model = checked.fresh()
    hidden = hidden_layers(model, checked.target)
    if not any(each.requires_grad for each in model.parameters()) and not hidden:
        return None
    seen = trained(checked, [each for layer in hidden for each in layer.parameters], model)
    return None if seen is None else (hidden, seen)


def unusable(checked: Checked, seen: Trained) -> Iterator[Message]:
    """A backward that fails since a value it needs was overwritten; other failures may be those of the guess."""
    assert seen.failure is not None, "asked for so"
    if "modified by an inplace operation" in seen.failure.message:
        message = "the backward pass fails: a value that it needs is overwritten in place after it was used"
        yield note(CODE, message, None, sure=True)


def told(layer: Hidden) -> Message:
    """Layers that `parameters()` does not name, though the forward runs them."""
    message = (
        f"`{layer.attribute}` is a plain {layer.holder} of {layer.count} {layer.kind}: `parameters()` does not name "
        f"them, so no optimizer trains them and `to()` does not move them; nn.ModuleList and its like do"
    )
    return note(CODE, message, layer.row, sure=True)


def dead(checked: Checked, seen: Trained) -> Iterator[Message]:
    """One finding for each attribute without a gradient whose reason is known."""
    found = list(groups(seen.model, seen.alive))
    wanted = {id(each) for group in found for each in group.parameters}
    cuts = seen.trail.cut_off(wanted)
    told_of: Set[Tuple[type, str]] = set()
    for group in found:
        known = definitions(type(group.owner))
        if not known or known[0][0] != checked.target.path or (type(group.owner), group.attribute) in told_of:
            continue
        message = reason(checked, seen, group, known[0][1], cuts)
        if message is not None:
            told_of.add((type(group.owner), group.attribute))
            yield message


def cut_whole(checked: Checked, seen: Trained) -> Iterator[Message]:
    """A forward whose floating outputs all come without a gradient, by a step in it that only cuts."""
    ends = [cut for cut in seen.trail.cuts if cut.kind in ("detach", "data", "numpy", "item", "tolist")]
    gradless = any(cut.kind == "no_grad" for cut in seen.trail.cuts)
    if gradless or not ends or not ends[-1].frames or is_on_purpose(checked, checked.target.node):
        return
    row, function = ends[-1].frames[0]
    if function == "forward":
        message = f"no parameter gets a gradient: `{ends[-1].kind}` in line {row} cuts off what the module gives"
        yield note(CODE, message, row, sure=False)
