"""Layers that are called twice where a sibling of nearly the same name is never called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import holds_weights
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.model.unused_layers import StoredLayer, stored_layers, unused_layers

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_NUMBER = re.compile(r"_?\d+")
_PLACES = frozenset("first second third fourth last".split())


@dataclass(frozen=True, slots=True)
class ConfusedLayer:
    """A layer that is never called, the one that is called in its place, and that call."""

    unused: StoredLayer
    called: StoredLayer
    call: cst.Call


def confused_layers(cls: ModuleClass) -> Iterator[ConfusedLayer]:
    """Each unused layer with weights whose sibling `forward` calls once more than there is reason for."""
    forward, taken = cls.method("forward"), set[str]()
    for unused in unused_layers(cls):
        if forward is None or cls.init is None or not holds_weights(cls, cls.init, unused.call):
            continue
        layers = list(stored_layers(cls))
        for called in layers:
            if called.kind != unused.kind or called.attribute in taken or not _are_siblings(called, unused):
                continue
            calls = [
                node
                for node in walk(forward.node.body, cst.Call)
                if isinstance(node, cst.Call) and self_attribute(node.func, forward.receiver) == called.attribute
            ]
            if len(calls) == 2:
                is_later = layers.index(called) < [item.attribute for item in layers].index(unused.attribute)
                taken.add(called.attribute)
                yield ConfusedLayer(unused, called, calls[1 if is_later else 0])
                break


def _are_siblings(one: StoredLayer, other: StoredLayer) -> bool:
    """`conv1` and `conv2`, `conv` and `conv2`, `q_proj` and `k_proj`, `fc_a` and `fc_b`."""
    a, b = one.attribute, other.attribute
    if a != b and _NUMBER.sub("", a) == _NUMBER.sub("", b):
        return True
    tokens = list(zip(a.split("_"), b.split("_")))
    unlike = [pair for pair in tokens if pair[0] != pair[1]]
    if len(a.split("_")) != len(b.split("_")) or len(unlike) != 1:
        return False
    return all(len(token) <= 2 or token in _PLACES for token in unlike[0])
