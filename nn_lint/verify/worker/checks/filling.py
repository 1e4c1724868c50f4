"""Parameters that are made of memory as it was found, and nobody fills."""

from __future__ import annotations

from typing import Iterator, Tuple

import torch
from torch import nn

from ..attempt import Failure
from ..subjects import Target
from .checked import Checked
from .held import output_tensors
from .readers import is_mentioned_elsewhere, sets_up_later
from .sources import definitions, is_torch


def uninitialised(checked: Checked) -> Iterator[Tuple[nn.Module, str]]:
    """Owner and name of parameters that nothing has written to once the model is made, where that shows in what it
    gives."""
    model = checked.model
    found = [
        (module, name)
        for module in model.modules()
        for name, each in module._parameters.items()
        if each is not None and each.is_floating_point() and not each.is_meta and bool(each.isnan().any())
    ]
    if not found:
        return
    with torch.no_grad():
        outcome = checked.run(model, checked.values())
    outputs = None if isinstance(outcome, Failure) else output_tensors(outcome.value)
    if outputs and any(each.is_floating_point() and bool(each.isnan().any()) for each in outputs):
        yield from found


def is_filled_elsewhere(cls: type, name: str, target: Target) -> bool:
    """Whether somebody else may fill a parameter: a method of the class that is called later, a parent, a loader."""
    if is_torch(cls):
        return True
    known = definitions(cls)
    return not known or any(sets_up_later(node) for _, node in known) or is_mentioned_elsewhere(known, name, target)
