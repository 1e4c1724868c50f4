"""Transformer blocks by their parts: attention, feed-forward and norms in one straight path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nn_lint.model.layers import Layer
from nn_lint.model.values import Kind, Value, is_residual_sum
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ATTENTION = re.compile(r"=\s*[\w.]*[Aa]ttention\w*\s*\(")
_NORM = re.compile(r"(?:LayerNorm|RMSNorm)\s*\(")
_NORMS = frozenset({"LayerNorm", "RMSNorm"})
_KEPT = frozenset(
    "gelu relu silu tanh dropout transpose permute contiguous clone float to type_as swapaxes movedim".split()
)
"""Functions that leave every position of the sequence: nothing is pooled on the way."""
_FEED_FORWARDS = frozenset({"mlp", "ffn", "feedforward", "feedforwardnetwork", "positionwisefeedforward"})


def resembles_transformer(cls: ModuleClass) -> bool:
    """Attention and a norm are built in the text of the class."""
    return _ATTENTION.search(cls.text) is not None and _NORM.search(cls.text) is not None


def attention_chain(cls: ModuleClass) -> tuple[Value, ...]:
    """The calls of attention, feed-forward and norms, attention first, where a forward makes them one after another.

    Every submodule on the way must be known, and none may add its own input.
    """
    flow = cls.flow
    path = flow.returned[0][1].straight_path() if flow is not None and len(flow.returned) == 1 else None
    if flow is None or path is None or path[0] not in flow.inputs:
        return ()
    called = [value for value in path if value.kind is Kind.LAYER]
    if any(value.layer is None or _adds_its_input(cls, value.layer) for value in called):
        return ()
    if any(value.kind is Kind.OPERATION and value.name not in _KEPT for value in path):
        return ()
    attention = next((value for value in called if value.layer is not None and _is_attention(value.layer)), None)
    norms = [value for value in called if value.layer is not None and value.layer.torch_name in _NORMS]
    if attention is None or not norms:
        return ()
    behind = called[called.index(attention) + 1 :]
    feed_forward = _feed_forward(cls, behind, norms)
    return () if feed_forward is None else (attention, feed_forward, *norms)


def _adds_its_input(cls: ModuleClass, layer: Layer) -> bool:
    if not isinstance(layer.cls, ProjectClass):
        return False
    flow = cls.registry.model(layer.cls).flow
    return flow is None or any(is_residual_sum(value) for value in flow.values)


def _is_attention(layer: Layer) -> bool:
    if isinstance(layer.cls, ProjectClass):
        return "attention" in layer.cls.facts.name.lower()
    return layer.torch_name == "MultiheadAttention"


def _feed_forward(cls: ModuleClass, called: Sequence[Value], norms: Sequence[Value]) -> Value | None:
    """Two linear layers that lead back to their width, in a Sequential or one after the other; or a class named so."""
    layers = [value for value in called if value.layer is not None]
    for value in layers:
        layer = value.layer
        if layer is None:
            continue
        if isinstance(layer.cls, ProjectClass) and len(norms) > 1 and layer.cls.facts.name.lower() in _FEED_FORWARDS:
            return value
        if _keeps_width(cls, [child for child in layer.children if child.torch_name == "Linear"]):
            return value
    linear = [value.layer for value in layers if value.layer is not None and value.layer.torch_name == "Linear"]
    if len(norms) > 1 and _keeps_width(cls, linear):
        return next(value for value in layers if value.layer is linear[0])
    return None


def _keeps_width(cls: ModuleClass, linear: Sequence[Layer]) -> bool:
    """At least two linear layers, of which the last gives the width that the first takes."""
    if len(linear) < 2:
        return False
    width_in, width_out = linear[0].argument("in_features"), linear[-1].argument("out_features")
    return width_in is not None and width_out is not None and cls.syntax.text(width_in) == cls.syntax.text(width_out)
