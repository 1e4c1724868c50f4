"""NN606: in evaluation mode the output of one sample depends on the other samples of its batch.

Told only where the first dimension is the batch by what the layers take or by how the class names it, where it is
also that of the output, and where no class of the model mixes by its name; and never as sure: mixing may be meant.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterator, Optional

from torch import nn

from ..protocol import Message
from ..specs import Spec, Specs
from .checked import Checked, note
from .exchange import COUNT, differs, exchanged, first_size, is_batched, is_changed, recorded
from .held import output_tensors
from .sources import definitions, is_torch, text_of

CODE = "NN606"
_MIXING = re.compile(
    r"loss|criter|contrast|bank|queue|memory|batch(?!_?norm)|quant|graph|g[ac]n|gat(?:v|conv|layer|$)|gin|node|edge|point"
    r"|cluster|sinkhorn|moe|expert|rout|whiten|shift|tempor|video|frame|clip|mix|instance|bag|mil|set|particle|atom"
    r"|molec|neighbo|message|assign|match|hash",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"^\s*\(?(?:b|bs|bsz|bz|batch\w*)\s*(?:,[^=\n]*=\s*\w+\.(?:shape\b(?!\[[1-9-])|size\(\))"
    r"|=\s*\w+\.(?:shape\[0\]|size\(0\)|shape\[:))",
    re.IGNORECASE | re.MULTILINE,
)
_RANKS = {
    2: (nn.BatchNorm1d,),
    3: (nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d),
    4: (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d),
    5: (nn.Conv3d, nn.ConvTranspose3d, nn.BatchNorm3d),
}


def check(checked: Checked) -> Iterator[Message]:
    """Run a batch of five twice, with another sample in the middle, and compare what the outer ones give."""
    specs = resized(checked.specs)
    if specs is None or mixes(checked.model):
        return
    wide = replace(checked, specs=specs)
    if not begins_with_batch(wide, checked.model):
        return
    first, second = recorded(wide, checked.model, wide.values()), recorded(wide, checked.model, exchanged(wide))
    if first is None or second is None or not is_batched(output_tensors(checked.output), first[0], checked.specs):
        return
    if not differs(first[0], second[0]):
        return
    first, again, second = (
        recorded(wide, wide.fresh(), values) for values in (wide.values(), wide.values(), exchanged(wide))
    )
    if first is None or again is None or second is None or differs(first[0], again[0]):
        return
    if differs(first[0], second[0]):
        step = next((each for each, other in zip(first[1], second[1]) if is_changed(each, other)), None)
        where = "" if step is None or step.row is None else f", first in line {step.row} (`{step.name}`)"
        message = f"in evaluation mode the output of a sample depends on the other samples of the batch{where}"
        yield note(CODE, message, None if step is None else step.row, sure=False)


def resized(specs: Specs) -> Optional[Specs]:
    """The inputs for a batch of five; None where not all tensors begin with the same batch."""
    tensors = [each for each in specs if each.kind != "text"]
    sizes = {each.shape[:1] for each in tensors}
    if len(sizes) != 1 or () in sizes or any("torch" in each.text or "[" in each.text for each in specs):
        return None
    if not any(each.kind == "float" and len(each.shape) > 1 for each in tensors):
        return None
    return tuple(widened(each) for each in specs)


def widened(spec: Spec) -> Spec:
    """An input for five samples."""
    return spec if spec.kind == "text" else spec.sized((COUNT, *spec.shape[1:]))


def begins_with_batch(wide: Checked, model: nn.Module) -> bool:
    """Whether the first dimension is known to be the batch: the class names it so, or the first layer that has one
    takes it as such."""
    rank = max(len(each.shape) for each in wide.specs)
    known = definitions(wide.target.cls) or []
    layers = list(model.modules())
    ordered = [each for each in layers if isinstance(each, (nn.RNNBase, nn.MultiheadAttention))]
    if rank == 3 and not all(each.batch_first for each in ordered):
        return False
    if any(_NAMED.search(text_of(node)) for _, node in known):
        return True
    telling = [each for each in layers if isinstance(each, _RANKS.get(rank, ()))] + (ordered if rank == 3 else [])
    size = first_size(wide, model, telling)
    others = {other for each in wide.specs for other in each.shape[1:]}
    return size is not None and size % COUNT == 0 and size not in others


def mixes(model: nn.Module) -> bool:
    """Whether a class bears a name of what mixes samples on purpose, or normalises over the batch at all times."""
    for module in model.modules():
        own = [cls.__name__ for cls in type(module).__mro__ if not is_torch(cls)]
        if any(_MIXING.search(name) for name in own):
            return True
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and not module.track_running_stats:
            return True
    return False
