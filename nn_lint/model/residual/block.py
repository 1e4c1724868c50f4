"""A forward as one block: the way of its input through layers of known kinds, with no shortcut around any of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, NORMS, PASSIVE, Layer
from nn_lint.model.residual.routes import Route, Stream, adds_its_input, main_stream
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_WEIGHTED = CONVOLUTIONS | {"Linear", "MultiheadAttention"}
_PASSING = NORMS | ACTIVATIONS | PASSIVE | {"Flatten", "Softmax", "AdaptiveAvgPool2d", "AdaptiveAvgPool1d"}
_PASSING_NAME = re.compile(
    r"_*(?:\w*(?:norm|drop|dropout|drop_?path|act|activation|relu|gelu|silu|scale|pad)\w*|bn\w*|ln_?\w*|ls_?\d|gamma\w*)",
    re.IGNORECASE,
)
_WEIGHTED_NAME = re.compile(
    r"_*\w*(?:conv|attn|attention|mlp|ffn|feed_?forward|linear|proj|dense|fc)\w*", re.IGNORECASE
)
_MOST_LAYERS = 24
_HAS_WEIGHTS = re.compile(r"\b(?:Conv[123]d|Linear|Parameter)\b|[Cc]onv|[Aa]ttn")


@dataclass(frozen=True, slots=True)
class Block:
    """A forward without a shortcut. `weighted` counts the layers with weights on its way, those of submodules too."""

    stream: Stream
    weighted: int

    @property
    def called(self) -> tuple[Value, ...]:
        """The submodules on the way, in the order in which they are called."""
        return tuple(value for value in self.stream.values if value.kind is Kind.LAYER)


def shortcutless_block(cls: ModuleClass) -> Block | None:
    """The forward of a class as one block; `None` where something may bring the input back, or a layer is unknown.

    Items of lists make a network, not a block.
    """
    stream = main_stream(cls)
    if stream is None or stream.has_shortcut or not _is_closed(cls, stream):
        return None
    called = [value for value in stream.values if value.kind is Kind.LAYER]
    if not 1 <= len(called) <= _MOST_LAYERS or any(value.name.endswith("[]") for value in called):
        return None
    if any(adds_its_input(cls, value) for value in called):
        return None
    counts = [_weights(cls, value.layer, value.name) for value in called]
    known = [count for count in counts if count is not None]
    return Block(stream, sum(known)) if len(known) == len(counts) else None


def _is_closed(cls: ModuleClass, stream: Stream) -> bool:
    """Whether every call on the way can be looked into, and no call gets the raw input beside something made of it."""
    return not any(value.kind is Kind.UNKNOWN for value in stream.values) and not any(
        meeting.is_raw and meeting.route is not Route.PARALLEL for meeting in stream.meetings
    )


def _weights(cls: ModuleClass, layer: Layer | None, name: str) -> int | None:
    """How many layers with weights a submodule holds; `None` where that is unknown."""
    if layer is None:
        if _PASSING_NAME.fullmatch(name):
            return 0
        return 1 if _WEIGHTED_NAME.fullmatch(name) else None
    if isinstance(layer.cls, ProjectClass):
        return int(_HAS_WEIGHTS.search(cls.registry.model(layer.cls).text) is not None)
    if layer.children:
        counts = [_weights(cls, child, "") for child in layer.children]
        return None if None in counts else sum(count or 0 for count in counts)
    if layer.torch_name in _WEIGHTED:
        return 1
    return 0 if layer.torch_name in _PASSING else None
