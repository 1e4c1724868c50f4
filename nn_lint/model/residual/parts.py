"""What each value on the way of a block is to that block: weights, attention, norm, activation, or nothing of these."""

from __future__ import annotations

import re
from enum import Enum

from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, NORMS, PASSIVE, Layer
from nn_lint.model.values import Kind, Value


class Part(Enum):
    """The part that a value plays in a block."""

    WEIGHTS = "a convolution, a linear layer, or a submodule that holds some"
    ATTENTION = "attention"
    FEED_FORWARD = "a feed-forward network, by its name"
    CHANNEL_NORM = "a norm over the batch or groups of channels: it belongs to the convolution before it"
    LAYER_NORM = "a norm of each position: it stands at the edge of a branch"
    ACTIVATION = "an activation that a block may end in"
    SQUASHING = "an activation that makes a gate"
    PASSIVE = "dropout, stochastic depth, a scale"
    SHAPE = "another view of the same numbers"
    MIXED = "several sublayers, by a condition"
    OTHER = "anything else"


SUBLAYERS = frozenset({Part.ATTENTION, Part.FEED_FORWARD})
NORM_PARTS = frozenset({Part.CHANNEL_NORM, Part.LAYER_NORM})
CORE_PARTS = frozenset({Part.WEIGHTS, Part.ATTENTION, Part.FEED_FORWARD})
_POSITION_NORMS = frozenset({"LayerNorm", "RMSNorm"})
_GATES = frozenset({"Sigmoid", "Hardsigmoid", "LogSigmoid", "Softsign"})
_WORDS: tuple[tuple[Part, re.Pattern[str]], ...] = tuple(
    (part, re.compile(pattern, re.IGNORECASE))
    for part, pattern in (
        (Part.WEIGHTS, r"conv(?:\dd)?_?(?:bn|norm|relu|act)"),
        (Part.PASSIVE, r"drop|stochastic|(?:layer|res|out)_?scale|(?:^|_)ls_?\d|gamma|identity"),
        (Part.CHANNEL_NORM, r"(?:batch|group|instance|bn)_?norm|(?:^|_)bn_?\w?\d?(?:_|$)|(?:^|_)[gi]n_?\d?$"),
        (Part.LAYER_NORM, r"norm|(?:^|_)ln(?:_?\w?\d?|_\w+)$"),
        (Part.ATTENTION, r"attention|attn|(?:^|_)mha"),
        (Part.FEED_FORWARD, r"mlp|ffn?(?:_?\d?$|_(?!t))|feed_?forward|ff_?(?:net|layer|module)"),
        (Part.WEIGHTS, r"conv|linear|proj|dense|(?:^|_)fc_?\d?"),
        (
            Part.ACTIVATION,
            r"(?:^|_)act(?:_?fn|ivation|iv)?(?:_?fn|_?func)?_?\d?$|relu|gelu|silu|swish|mish|(?:^|_)[cs]?elu|non_?lin",
        ),
    )
)
GUARDS = frozenset({"clamp", "clamp_", "clip", "nan_to_num"})
UNSHAPING = GUARDS | {"contiguous", "to", "type", "float", "half", "bfloat16", "type_as", "clone", "detach"}
_SHAPES = UNSHAPING | frozenset(
    (
        "view reshape permute transpose flatten unflatten unsqueeze squeeze rearrange movedim swapaxes expand t "
        "narrow chunk split unbind unfold fold repeat roll pad"
    ).split()
)
_FUNCTIONS = {name.lower(): Part.ACTIVATION for name in ACTIVATIONS} | {"leaky_relu": Part.ACTIVATION}
_FUNCTIONS |= dict.fromkeys(("sigmoid", "hardsigmoid", "softsign", "softmax"), Part.SQUASHING)


def part_of(value: Value) -> Part:
    """The part of one value."""
    if value.kind is Kind.LAYER:
        return _part_of_layer(value)
    if value.kind in (Kind.ITEM, Kind.COLLECTION, Kind.CHOICE):
        return Part.SHAPE
    if value.kind is Kind.MULTIPLY:
        return Part.PASSIVE if len(value.dependent_operands) == 1 else Part.OTHER
    if value.kind is Kind.OPERATION:
        name = value.name.rstrip("_")
        if name in _SHAPES:
            return Part.SHAPE
        return Part.PASSIVE if "drop" in name else _FUNCTIONS.get(name, Part.OTHER)
    return Part.OTHER


def _part_of_layer(value: Value) -> Part:
    layer = value.layer
    by_name = part_of_name(value.name)
    if layer is not None and layer.children:
        parts = {_known(child) or part_of_name(child.callee) for child in layer.children}
        whole = Part.WEIGHTS if parts & CORE_PARTS or len(parts) > 1 else parts.pop()
        return by_name if whole is Part.WEIGHTS and by_name in CORE_PARTS else whole
    known = None if layer is None else _known(layer)
    if known is not None:
        return known
    by_class = Part.OTHER if layer is None else part_of_name(layer.callee.split(".")[-1])
    if by_name is Part.OTHER and by_class is Part.OTHER:
        return Part.WEIGHTS if layer is None or layer.torch_name is None else Part.OTHER
    return by_class if by_name is Part.OTHER or (by_class in CORE_PARTS and by_name not in CORE_PARTS) else by_name


def _known(layer: Layer) -> Part | None:
    """The part of a layer of torch.nn; `None` for anything else."""
    name = layer.torch_name
    if name is None:
        return None
    if name in CONVOLUTIONS or name in ("Linear", "Sequential", "ModuleList") or name.startswith("ConvTranspose"):
        return Part.WEIGHTS
    if name == "MultiheadAttention":
        return Part.ATTENTION
    if name in NORMS:
        return Part.LAYER_NORM if name in _POSITION_NORMS else Part.CHANNEL_NORM
    if name in ACTIVATIONS:
        return Part.SQUASHING if name in _GATES else Part.ACTIVATION
    if name in PASSIVE:
        return Part.PASSIVE
    return Part.SHAPE if name in ("Flatten", "Unflatten") else Part.OTHER


def part_of_name(name: str) -> Part:
    """The part that the name of an attribute or class tells of."""
    return next((part for part, pattern in _WORDS if pattern.search(name)), Part.OTHER)
