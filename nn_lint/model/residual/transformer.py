"""Transformer blocks by their parts: attention, feed-forward and norms, by the names of attributes and classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nn_lint.model.values import Value


@dataclass(frozen=True, slots=True)
class TransformerParts:
    """The attributes of a transformer block's parts, in the order of their calls, and the first call of attention."""

    names: tuple[str, ...]
    has_feed_forward: bool
    attention: Value


def transformer_parts(called: Sequence[Value]) -> TransformerParts | None:
    """Attention and a norm among the submodules that a forward calls; `None` where one of the two is missing."""
    kinds = {value: kind for value in called if (kind := kind_of_part(value)) is not None}
    if not {"attention", "norm"} <= set(kinds.values()):
        return None
    names = tuple(dict.fromkeys(value.name for value in kinds))
    attention = next(value for value, kind in kinds.items() if kind == "attention")
    return TransformerParts(names, "feed-forward" in kinds.values(), attention)


def kind_of_part(value: Value) -> str | None:
    """`norm`, `attention` or `feed-forward`, by the names of a submodule and its class."""
    layer = value.layer
    words = value.name + (" " + layer.callee.split(".")[-1] if layer is not None else "")
    return next((kind for kind, pattern in _PARTS if pattern.search(words)), None)


_PARTS = (
    ("norm", re.compile(r"norm|(?:^|_)ln(?:_?\d|_|$)", re.IGNORECASE)),
    ("attention", re.compile(r"attention|attn", re.IGNORECASE)),
    ("feed-forward", re.compile(r"mlp|ffn?(?:_|\d|\b)|feed_?forward|linear_?1|fc_?1", re.IGNORECASE)),
)
