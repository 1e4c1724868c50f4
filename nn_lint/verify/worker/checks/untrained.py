"""NN604: parameters that no backward reaches, and why.

What is normal is not told: parameters with `requires_grad` off, a gradient of zero, what gets its gradient in one of
several runs in training or evaluation mode, what another method or a branch that was not taken reads, and what the
text shows to be kept from training on purpose.
"""

from __future__ import annotations

import ast
import re
from typing import Dict, Iterator, List, Optional, Set, Tuple

import torch
from torch import nn

from ..attempt import Failure, attempt
from ..protocol import Message
from .checked import Checked, note
from .frames import drops_nothing_else
from .groups import Group, groups
from .hidden import Hidden, hidden_layers
from .sources import definitions, is_read, stored_at, text_of
from .trail import Cut
from .training import Trained, trained

CODE = "NN604"
HEAVY = 2_000_000
Observed = Tuple[List[Hidden], Trained]
_ON_PURPOSE = re.compile(
    r"freez|frozen|requires_grad|teacher|ema\b|_ema|moving|momentum|inference|generat|predict|pretrain|fixed|codebook"
    r"|metric|evaluat|target|sampl|load_state|\.data(\.\w+_\(|\s*=)|\.copy_\(|optim|reference|perceptual|lpips|backward|straight|detach_",
    re.IGNORECASE,
)
_INTEGER = {"argmax", "argmin", "argsort", "long", "int", "short", "byte", "bool", "round", "floor", "ceil", "sign"}


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
    if seen.connected:
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


def reason(
    checked: Checked, seen: Trained, group: Group, definition: ast.ClassDef, cuts: Dict[int, Cut]
) -> Optional[Message]:
    """Why a group gets no gradient, where that is no matter of taste."""
    store = next(
        (node for _, each in definitions(type(group.owner)) or () if (node := stored_at(each, group.attribute))), None
    )
    row = definition.lineno if store is None else store.lineno
    subject = group.shown if definition is checked.target.node else f"{group.shown} of {definition.name}"
    cut = next((cuts[id(each)] for each in group.parameters if id(each) in cuts), None)
    if cut is not None:
        if not cut.frames or is_on_purpose(checked, definition):
            return None
        words = words_of(cut)
        return note(CODE, f"{subject} gets no gradient: {words} in line {cut.frames[0][0]}", row, sure=False)
    used = [seen.trail.used[id(each)] for each in group.parameters if id(each) in seen.trail.used]
    if used:
        frames = used[0]
        if not frames or is_alike_alive(seen, group) or not drops_nothing_else(checked.target.tree, frames):
            return None
        words = f"what it gives in line {frames[0][0]} reaches no output"
        return note(CODE, f"{subject} gets no gradient: {words}", row, sure=True)
    if not group.whole or is_read(type(group.owner), group.attribute, checked.target):
        return None
    return note(CODE, f"{subject} gets no gradient: nothing uses it", row, sure=True)


def words_of(cut: Cut) -> str:
    """What cuts the gradient."""
    if cut.kind == "no_grad":
        return "it is used without gradients (`no_grad`)"
    if cut.kind == "data":
        return "`.data` cuts it off"
    if cut.kind in _INTEGER:
        return f"no gradient passes through `{cut.kind}`"
    return f"`{cut.kind}` cuts it off"


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


def is_on_purpose(checked: Checked, definition: ast.ClassDef) -> bool:
    """Whether a class, or the one that was run, speaks of weights that are not to be trained by gradients."""
    texts = {text_of(definition), text_of(checked.target.node)}
    return any(_ON_PURPOSE.search(text) for text in texts)


def is_alike_alive(seen: Trained, group: Group) -> bool:
    """Whether another instance of the class trains the same attribute: the last of a row of blocks often makes more
    than is read."""
    others: List[nn.Module] = [
        each for each in seen.model.modules() if type(each) is type(group.owner) and each is not group.owner
    ]
    inner = group.path.rpartition(group.attribute)[2].lstrip(".")
    for other in others:
        held = getattr(other, group.attribute, None)
        named = dict(held.named_parameters()) if isinstance(held, nn.Module) else {"": held}
        if any(
            isinstance(each, nn.Parameter) and id(each) in seen.alive for name, each in named.items() if inner in name
        ):
            return True
    return False
