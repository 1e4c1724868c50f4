"""Layers whose numbers, written out, break what the layer demands of them: one must be divisible by the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import dotted, walk
from nn_lint.model.torch_calls import given, has_stars
from nn_lint.project.hierarchy import TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_CONVOLUTIONS = {
    f"{kind}{rank}d": ((("in_channels", 0), ("groups", place)), (("out_channels", 1), ("groups", place)))
    for kind, place in (("Conv", 6), ("ConvTranspose", 7))
    for rank in (1, 2, 3)
}
_HEADS = ((("d_model", 0), ("nhead", 1)),)
_DEMANDS = {
    **_CONVOLUTIONS,
    "MultiheadAttention": ((("embed_dim", 0), ("num_heads", 1)),),
    "TransformerEncoderLayer": _HEADS,
    "TransformerDecoderLayer": _HEADS,
    "GroupNorm": ((("num_channels", 1), ("num_groups", 0)),),
}
"""The parameters, with their positions, of which the first must be divisible by the second."""


@dataclass(frozen=True, slots=True)
class BrokenDivision:
    """A construction that raises: the parameter and its number, and the one that it is not divisible by."""

    call: cst.Call
    whole: str
    number: int
    part: str
    divisor: int


def broken_divisions(cls: ModuleClass) -> Iterator[BrokenDivision]:
    """The constructions of torch's layers in the methods of a class that cannot be built."""
    for method in cls.methods:
        for call in walk(method.node.body, cst.Call):
            found = _broken(cls, call) if isinstance(call, cst.Call) else None
            if found is not None:
                yield found


def _broken(cls: ModuleClass, call: cst.Call) -> BrokenDivision | None:
    callee = dotted(call.func) or ""
    if callee.rpartition(".")[2] not in _DEMANDS or has_stars(call):
        return None
    layer = cls.resolve(callee)
    for (whole, place), (part, position) in _DEMANDS.get(layer.name, ()) if isinstance(layer, TorchClass) else ():
        number, divisor = _literal(call, whole, place), _literal(call, part, position)
        if number is not None and divisor and number % divisor:
            return BrokenDivision(call, whole, number, part, divisor)
    return None


def _literal(call: cst.Call, name: str, position: int) -> int | None:
    found = given(call, name, position)
    return found.value.evaluated_value if found is not None and isinstance(found.value, cst.Integer) else None
