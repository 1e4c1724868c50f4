"""A mismatch of sizes in plain words: which layer takes what, and what it was given."""

from __future__ import annotations

import re
from typing import Tuple

from torch import nn

from .tracing import Trace


def is_about_sizes(message: str) -> bool:
    """Whether torch complains about sizes that do not agree."""
    pattern = r"cannot be multiplied|channels|normalized_shape|running_mean|num_features|too small|[Kk]ernel size"
    return re.search(pattern, message) is not None


def in_plain_words(model: nn.Module, trace: Trace) -> str:
    """What a layer of torch takes and what it was given, where their sizes do not agree; else nothing."""
    layer, given = trace.failed, trace.got
    if layer is None or given is None or not given.shape:
        return ""
    name = next((name for name, each in model.named_modules() if each is layer), "") or type(layer).__name__
    shape = tuple(given.shape)
    if isinstance(layer, nn.Linear) and shape[-1] != layer.in_features:
        kind = f"Linear({layer.in_features}, {layer.out_features})"
        return (
            f"`{name}` is {kind}: it takes {layer.in_features} features, but was given {shape[-1]} (a tensor of shape "
            f"{shape}); {kind.replace(f'({layer.in_features},', f'({shape[-1]},')} would fit here"
        )
    if isinstance(layer, (nn.modules.pooling._MaxPoolNd, nn.modules.pooling._AvgPoolNd)):
        return f"`{name}` ({layer!r}) was given a tensor of shape {shape}, which is too small for it"
    if isinstance(layer, nn.modules.conv._ConvNd) and len(shape) > 1 and shape[1] != layer.in_channels:
        return _channels(name, type(layer).__name__, layer.in_channels, shape[1], shape)
    if isinstance(layer, nn.modules.batchnorm._NormBase) and len(shape) > 1 and shape[1] != layer.num_features:
        return _channels(name, type(layer).__name__, layer.num_features, shape[1], shape)
    if isinstance(layer, nn.GroupNorm) and len(shape) > 1 and shape[1] != layer.num_channels:
        return _channels(name, "GroupNorm", layer.num_channels, shape[1], shape)
    if isinstance(layer, nn.LayerNorm) and shape[-len(layer.normalized_shape) :] != tuple(layer.normalized_shape):
        wanted = ", ".join(map(str, layer.normalized_shape))
        return f"`{name}` (LayerNorm) normalises over ({wanted}), but was given a tensor of shape {shape}"
    return ""


def _channels(name: str, kind: str, wanted: int, got: int, shape: Tuple[int, ...]) -> str:
    return f"`{name}` ({kind}) takes {wanted} channels, but was given {got} (a tensor of shape {shape})"
