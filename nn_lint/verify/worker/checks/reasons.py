"""Why parameters get no gradient, told where that is no matter of taste."""

from __future__ import annotations

import ast
import re
from typing import Dict, List, Optional

from torch import nn

from ..protocol import Message
from .checked import Checked, note
from .frames import drops_nothing_else, is_bare
from .groups import Group
from .readers import is_read, uses
from .sources import definitions, stored_at, text_of
from .trail import Cut
from .training import Trained

CODE = "NN604"
_ON_PURPOSE = re.compile(
    r"freez|frozen|requires_grad|teacher|ema\b|_ema|moving|momentum|inference|generat|predict|pretrain|fixed|codebook"
    r"|metric|evaluat|target|sampl|load_state|\.data(\.\w+_\(|\s*=)|\.copy_\(|optim|reference|perceptual|lpips|backward"
    r"|straight|detach_|grad_enabled|enable_grad",
    re.IGNORECASE,
)
_INTEGER = {"argmax", "argmin", "argsort", "long", "int", "short", "byte", "bool", "round", "floor", "ceil", "sign"}


def reason(
    checked: Checked, seen: Trained, group: Group, definition: ast.ClassDef, cuts: Dict[int, Cut]
) -> Optional[Message]:
    """Why a group gets no gradient, where that is no matter of taste."""
    store = next(
        (node for _, each in definitions(type(group.owner)) or () if (node := stored_at(each, group.attribute))), None
    )
    row = definition.lineno if store is None else store.lineno
    subject = group.shown if definition is checked.target.node else f"{group.shown} of {definition.name}"
    if uses(definition, group.attribute) > 1:
        return None  # one of them may train it under another setting
    cut = next((cuts[id(each)] for each in group.parameters if id(each) in cuts), None)
    if cut is not None:
        if not is_bare(checked.target.tree, cut.frames) or is_on_purpose(checked, definition):
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
