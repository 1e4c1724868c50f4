"""A forward as one block: the way of its input through layers of known kinds, with no shortcut around any of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import built_class
from nn_lint.model.layers import Layer
from nn_lint.model.residual.names import CONDITION, RESIDUAL_CLASS
from nn_lint.model.residual.routes import Stream, adds_its_input, main_stream
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_WEIGHTED = re.compile(r"(?:Lazy)?Conv(?:Transpose)?[123]d|(?:Lazy)?Linear|MultiheadAttention|LSTM|GRU|RNN|Bilinear")
_OPEN = re.compile(
    r"Module\w*|Parameter\w*|Sequential|DataParallel|Embedding\w*|Transformer\w*|\w*Loss|\w*Cell"
    r"|\w*(?:Similarity|Distance)|MaxUnpool\dd"
)
"""Layers of torch that hold others, add their input, or take more than one."""
_WEIGHTED_CALLEE = re.compile(r"conv(?!er)|linear", re.IGNORECASE)
_PASSING_NAME = re.compile(
    r"_*(?:\w*(?:norm|drop|act|relu|gelu|silu|swish|scale|pad|nonlin)\w*|bn\w*|ln_?\w*|ls_?\d|gamma\w*"
    r"|aa|shift|time_shift|shuffle\d?|se|se_\w+|\w+_se|eca|cbam|nl)",
    re.IGNORECASE,
)
_WEIGHTED_NAME = re.compile(
    r"_*\w*(?:conv|attn|attention|att|mha|mlp|ff_?n?|feed_?forward|linear|proj|dense|fc|mixer|qkv|recurrent|rnn|lstm|gru|ssm|dw|pw)\w*",
    re.IGNORECASE,
)
_MOST_LAYERS = 24
_UNKNOWN_WEIGHTS = 2
_HAS_WEIGHTS = re.compile(r"\b(?:\w*Conv\w*|\w*[Ll]inear\w*|Parameter|\w*(?:Attn|Attention|Mlp|MLP|conv\dx\d)\w*)\(")


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

    A class that calls itself residual is one whatever is on its way, unless it only wraps something unknown.
    """
    stream = main_stream(cls)
    if stream is None or stream.has_shortcut or not _is_closed(stream):
        return None
    called = [value for value in stream.values if value.kind is Kind.LAYER]
    if not 1 <= len(called) <= _MOST_LAYERS or any(adds_its_input(cls, value, stream) for value in called):
        return None
    counts = [_weights(cls, name) for name in dict.fromkeys(value.name for value in called)]
    if None in counts and (len(counts) == 1 or RESIDUAL_CLASS.fullmatch(cls.name) is None):
        return None
    return Block(stream, sum(_UNKNOWN_WEIGHTS if count is None else count for count in counts))


def _is_closed(stream: Stream) -> bool:
    """Whether every call on the way can be looked into, and neither the raw input nor another one is joined to it."""
    return (
        not any(value.kind is Kind.UNKNOWN for value in stream.values)
        and not any(meeting.joins_raw for meeting in stream.meetings)
        and not any(_takes_a_shortcut_from_outside(stream, value) for value in stream.values)
    )


def _takes_a_shortcut_from_outside(stream: Stream, value: Value) -> bool:
    """Whether something is added that is made of another input, unless that input's name is that of a condition."""
    if value.kind not in (Kind.ADD, Kind.SUBTRACT):
        return False
    own = stream.operands(value)
    others = (item for item in value.dependent_operands if item not in own)
    inputs = {origin.name for other in others for origin in other.ancestors() if origin.kind is Kind.INPUT}
    return any(CONDITION.search(name) is None for name in inputs)


def _weights(cls: ModuleClass, name: str) -> int | None:
    """How many layers with weights a submodule holds; `None` where that is unknown."""
    found = cls.layers.alternatives(name.removesuffix("[]"))
    if found is None:
        return _weights_by_name(name)
    counts = [[_weights_of(cls, part, name) for part in parts] for parts in found]
    if any(count is None for parts in counts for count in parts):
        return None
    return max(sum(count or 0 for count in parts) for parts in counts)


def _weights_of(cls: ModuleClass, part: Layer, name: str) -> int | None:
    if isinstance(part.cls, ProjectClass):
        written = len(_HAS_WEIGHTS.findall(cls.registry.model(part.cls).text))
        return max(written, int(_WEIGHTED_NAME.fullmatch(part.cls.facts.name) is not None))
    if part.torch_name is None:
        callee = part.callee.split(".")[-1]
        if _wraps(cls, part) and not _KEEPS.search(callee):
            return None
        counted = 1 if _WEIGHTED_CALLEE.search(callee) else _weights_by_name(callee)
        return _weights_by_name(name.removesuffix("[]")) if counted is None else counted
    if _OPEN.fullmatch(part.torch_name):
        return None
    return int(_WEIGHTED.fullmatch(part.torch_name) is not None)


def _wraps(cls: ModuleClass, part: Layer) -> bool:
    """Whether a function or class that is not known is handed a module: it may add to what that gives."""
    init = cls.init
    if init is None:
        return False
    given = [item.value for item in part.call.args]
    local = {item.value for item in given if isinstance(item, cst.Name)}
    given += [
        node.value
        for node in init.own_nodes
        if isinstance(node, cst.Assign) and any(_is_one_of(item.target, local) for item in node.targets)
    ]
    return any(isinstance(item, cst.Call) and built_class(cls, init, item) is not None for item in given)


def _is_one_of(node: cst.CSTNode, names: set[str]) -> bool:
    return isinstance(node, cst.Name) and node.value in names


_KEEPS = re.compile(r"norm|parametri|compile|script|checkpoint", re.IGNORECASE)
"""What gives the module that it was handed, with other weights at most."""


def _weights_by_name(name: str) -> int | None:
    """A guess for a submodule, a function or a parameter that builds one."""
    if _PASSING_NAME.fullmatch(name):
        return 0
    return 1 if _WEIGHTED_NAME.fullmatch(name) else None
