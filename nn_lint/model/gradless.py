"""Trainable layers of a class that its forward runs under `no_grad` alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.layers import CONVOLUTIONS, Layer
from nn_lint.model.syntax import dotted, walk

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_TRAINABLE = CONVOLUTIONS | {"Linear", "LSTM", "GRU", "RNN", "Embedding", "MultiheadAttention"}
_GRADLESS = re.compile(r"(?:^|\.)(?:no_grad|inference_mode)$")
_ON_PURPOSE = re.compile(
    r"freez|frozen|requires_grad|\beval\(|teacher|ema\b|momentum|inference|generat|predict|export|pretrain|fixed|random"
    r"|codebook|metric|evaluat|target|sampl|load_state|\.data\b|parameters\(|optim|reference|perceptual|lpips|backward"
    r"|weight\b|enable_grad|hash|binari",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Gradless:
    """The place that switches gradients off, and a layer that is only run there."""

    node: cst.CSTNode
    layer: Layer


def gradless(cls: ModuleClass) -> Iterator[Gradless]:
    """Where forward, or a block in it, runs layers that the class builds and never trains otherwise."""
    forward = cls.method("forward")
    if forward is None or _ON_PURPOSE.search(cls.text.replace("inference_mode", "")):
        return
    for name, inside in _blocks(forward):
        within = set(walk(inside))
        layer = next((item for item in _layers(cls) if _is_only_called(cls, item.attribute, within)), None)
        if layer is not None:
            yield Gradless(name, layer)


def _blocks(forward: Method) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    for decorator in forward.node.decorators:
        call = decorator.decorator
        if _GRADLESS.search(dotted(call.func if isinstance(call, cst.Call) else call) or ""):
            yield decorator, forward.node
            return
    for node in walk(forward.node.body, cst.With):
        if isinstance(node, cst.With) and len(node.items) == 1:
            call = node.items[0].item
            if isinstance(call, cst.Call) and not call.args and _GRADLESS.search(dotted(call.func) or ""):
                yield node.items[0], node.body


def _layers(cls: ModuleClass) -> Iterator[Layer]:
    for name in cls.layers.own:
        layer = cls.layers.only(name)
        if layer is not None and any(part is not None and part.torch_name in _TRAINABLE for part in parts(cls, layer)):
            yield layer


def _is_only_called(cls: ModuleClass, attribute: str, within: set[cst.CSTNode]) -> bool:
    calls = list(cls.calls_on_self(attribute))
    uses = sum(
        attribute in method.attributes_of(method.receiver) for method in cls.methods if method.name != "__init__"
    )
    return bool(calls) and all(call in within for call in calls) and uses == 1
