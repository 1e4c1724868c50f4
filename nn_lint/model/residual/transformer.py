"""Transformer blocks by their parts: attention, feed-forward and norms, by the names of attributes and classes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.model.layers import Layer
from nn_lint.model.values import Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class TransformerParts:
    """The attributes of a transformer block's parts, in the order of their calls, and the first call of attention."""

    names: tuple[str, ...]
    has_feed_forward: bool
    attention: Value


def transformer_parts(cls: ModuleClass, called: Sequence[Value]) -> TransformerParts | None:
    """Attention and a norm among what a forward calls, or attention and a feed-forward part in one list of layers.

    `None` where they are not there, or where an embedding or a head shows that this is a whole network, or queries of
    its own that it gathers its input into something of another length.
    """
    kinds = {value: found for value in called if (found := set(kinds_of_part(cls, value)))}
    present = set().union(*kinds.values())
    in_a_list = any({"attention", "feed-forward"} <= found for found in kinds.values())
    if not ({"attention", "norm"} <= present or in_a_list) or any(_OF_A_NETWORK.search(value.name) for value in called):
        return None
    if any(_learns_queries(name, layers) for name, layers in cls.layers.by_attribute.items()):
        return None
    names = tuple(dict.fromkeys(value.name for value in kinds))
    attention = next(value for value, found in kinds.items() if "attention" in found)
    return TransformerParts(names, "feed-forward" in present, attention)


def kinds_of_part(cls: ModuleClass, value: Value) -> Iterator[str]:
    """`norm`, `attention`, `feed-forward`: what a submodule is by its name, else by the classes that it is made of."""
    attribute = value.name.removesuffix("[]")
    own = [kind for kind, pattern in KINDS_OF_PARTS if pattern.search(attribute)]
    if own:
        yield own[0]
        return
    built = cls.layers.alternatives(attribute) or ()
    words = [part.callee.split(".")[-1] for parts in built for part in parts]
    yield from (kind for kind, pattern in KINDS_OF_PARTS for word in words if pattern.search(word))


def _learns_queries(name: str, layers: Sequence[Layer]) -> bool:
    return _QUERIES.search(name) is not None and any(item.torch_name in ("Parameter", "Embedding") for item in layers)


_QUERIES = re.compile(r"quer(?:y|ies)|latent|probe|seed|slot", re.IGNORECASE)
_OF_A_NETWORK = re.compile(r"head|embed|logit|classif|pool|stem|patch|pred|attn_layers|attention_layers", re.IGNORECASE)
KINDS_OF_PARTS = (
    ("norm", re.compile(r"norm|(?:^|_)ln(?:_?\d|_|$)", re.IGNORECASE)),
    ("attention", re.compile(r"attention|attn|(?:^|_)(?:mha|msa)(?:_|$)", re.IGNORECASE)),
    ("feed-forward", re.compile(r"mlp|ffn?(?:_|\d|\b)|ff_?wd|feed_?forward|linear_?1|fc_?1", re.IGNORECASE)),
)
