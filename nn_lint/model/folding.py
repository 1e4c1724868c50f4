"""Views in forward that fold the batch into the features, or the features into the batch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.expressions import Flow
from nn_lint.model.layers import ACTIVATIONS, NORMS, PASSIVE, Layer
from nn_lint.model.samples import loses_batch, takes_one_sample
from nn_lint.model.syntax import dotted
from nn_lint.model.torch_calls import given
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_POOLS = frozenset({"AdaptiveAvgPool2d", "AdaptiveMaxPool2d"})
_SPATIAL = _POOLS | {"Conv2d", "BatchNorm2d", "MaxPool2d", "AvgPool2d"}
_KEPT_LAYERS = ACTIVATIONS | PASSIVE
_KEPT = frozenset("relu relu_ gelu silu tanh sigmoid dropout dropout2d leaky_relu contiguous".split())
_STEPS = re.compile(r"frame|clip|video|segment|step|crop|slice|\bviews\b|patch|stack|group|agent", re.IGNORECASE)

_SINGLE = re.compile(r"polic|actor|critic|agent|q_?net|dqn|\benv|player|game|bandit", re.IGNORECASE)
"""Networks that are run on the one state of a game."""


@dataclass(frozen=True, slots=True)
class Folding:
    """A flatten or view; `features` are those of one sample, where the view asks for another number."""

    node: cst.CSTNode
    features: int | None


def foldings(cls: ModuleClass) -> Iterator[Folding]:
    """The flattenings of everything that a linear layer takes, and the views of another number of features."""
    flow = cls.flow
    if flow is None or takes_one_sample(cls):
        return
    seen: set[cst.CSTNode] = set()
    for construction in _flattening_layers(cls, flow):
        if construction not in seen and cls.syntax.holds(construction):
            seen.add(construction)
            yield Folding(construction, None)
    for value in flow.values:
        node = value.node
        if value.kind is not Kind.OPERATION or not isinstance(node, cst.Call) or node in seen or not value.operands:
            continue
        features = None
        if _flattens_all(value, node) or (_makes_one_row(value, node) and not _SINGLE.search(_words(cls))):
            users = [item for item in flow.values if value in item.operands]
            is_folded = bool(users) and all(map(_is_linear, users)) and _is_image(cls, value.operands[0])
        else:
            features = _features(cls, value.operands[0]) if value.name in ("view", "reshape") else None
            length = _row_length(node)
            is_folded = features is not None and length not in (None, features) and not _is_meant(cls, value, flow)
            is_folded = is_folded and not (length and features and length % features == 0 and _joins_steps(cls))
        if is_folded and cls.syntax.holds(node):
            seen.add(node)
            yield Folding(node, features)


def _is_meant(cls: ModuleClass, value: Value, flow: Flow) -> bool:
    """Whether the rows go elsewhere than into linear layers, or are put together again afterwards."""
    users = [item for item in flow.values if value in item.operands]
    if not users or not all(map(_is_linear, users)):
        return True
    later = {item for item in flow.values if item is not value and value in set(item.ancestors())}
    return any(item.name in ("view", "reshape", "unflatten", "chunk", "split", "mean", "view_as") for item in later)


def _joins_steps(cls: ModuleClass) -> bool:
    """Whether the class speaks of frames or the like, several of which make one sample."""
    return _STEPS.search(cls.text) is not None


def _flattens_all(value: Value, node: cst.Call) -> bool:
    """`torch.flatten(x)`, `x.flatten(0)`, `x.view(-1)`."""
    arguments = _own_arguments(node)
    if value.name == "flatten" and [item.keyword.value if item.keyword else "" for item in arguments] == ["start_dim"]:
        return _is_zero(arguments[0].value)
    if any(item.star or item.keyword for item in node.args):
        return False
    if value.name in ("flatten", "ravel"):
        return not arguments or (len(arguments) == 1 and _is_zero(arguments[0].value))
    return value.name in ("view", "reshape") and len(arguments) == 1 and _is_minus_one(arguments[0].value)


def _own_arguments(node: cst.Call) -> Sequence[cst.Arg]:
    """The arguments without the tensor, which is the first one of `torch.flatten(x)`."""
    is_function = isinstance(node.func, cst.Attribute) and dotted(node.func.value) == "torch"
    return node.args[1:] if is_function else node.args


def _makes_one_row(value: Value, node: cst.Call) -> bool:
    """`x.view(1, -1)`."""
    arguments = [item.value for item in _own_arguments(node)]
    if value.name not in ("view", "reshape") or len(arguments) != 2 or any(item.star for item in node.args):
        return False
    return isinstance(arguments[0], cst.Integer) and arguments[0].value == "1" and _is_minus_one(arguments[1])


def _words(cls: ModuleClass) -> str:
    """The name and docstring of the class, and the names of what forward takes."""
    forward = cls.method("forward")
    names = [item.name for item in forward.parameters] if forward is not None else []
    return " ".join((cls.name, cls.docstring, *names))


def _flattening_layers(cls: ModuleClass, flow: Flow) -> Iterator[cst.Call]:
    """The constructions of `nn.Flatten(0)` between layers for images and a linear layer."""
    for value in flow.values:
        if value.kind is not Kind.LAYER or value.layer is None or not value.operands:
            continue
        found = tuple(parts(cls, value.layer))
        for index, part in enumerate(found):
            if part is None or part.torch_name != "Flatten" or not _is_zero(part.argument("start_dim")):
                continue
            before, behind = found[:index], found[index + 1 :]
            users = [item for item in flow.values if value in item.operands]
            is_fed = behind[0] is not None and behind[0].torch_name == "Linear" if behind else False
            if not behind:
                is_fed = bool(users) and all(map(_is_linear, users))
            if is_fed and (_are_for_images(before) if before else _is_image(cls, value.operands[0])):
                yield part.call


def _are_for_images(layers: Sequence[Layer | None]) -> bool:
    """Whether a convolution of images stands among layers that all keep the batch."""
    names = [layer.torch_name if layer is not None else None for layer in layers]
    return "Conv2d" in names and all(name in _SPATIAL | _KEPT_LAYERS for name in names)


def _is_zero(node: cst.BaseExpression | None) -> bool:
    return isinstance(node, cst.Integer) and node.value == "0"


def _is_linear(value: Value) -> bool:
    return value.kind is Kind.LAYER and value.layer is not None and value.layer.torch_name == "Linear"


def _is_image(cls: ModuleClass, value: Value) -> bool:
    """Whether a value comes straight out of layers for images, with nothing that may have left a single sample."""
    path = value.straight_path()
    if (
        path is None
        or any(map(loses_batch, path))
        or any(item.kind not in (Kind.INPUT, Kind.LAYER, Kind.OPERATION) for item in path)
    ):
        return False
    if any(item.kind is Kind.OPERATION and item.name not in _KEPT for item in path):
        return False
    layers = [part for item in path if item.layer is not None for part in parts(cls, item.layer)]
    return any(part is not None and part.torch_name in _SPATIAL for part in layers)


def _features(cls: ModuleClass, value: Value) -> int | None:
    """The number of features of a sample behind a convolution and a pooling to a fixed size, both in numbers."""
    pooled: int | None = None
    while True:
        if value.kind is Kind.LAYER and value.layer is not None:
            for part in reversed(tuple(parts(cls, value.layer))):
                name = part.torch_name if part is not None else None
                if part is not None and name in _POOLS and pooled is None:
                    pooled = _area(part)
                elif part is not None and name == "Conv2d" and pooled is not None:
                    width = part.argument("out_channels")
                    return width.evaluated_value * pooled if isinstance(width, cst.Integer) else None
                elif name not in _KEPT_LAYERS | NORMS and not (pooled and name in ("MaxPool2d", "AvgPool2d")):
                    return None
        elif value.kind is not Kind.OPERATION or value.name not in _KEPT:
            return None
        if not value.operands:
            return None
        value = value.operands[0]


def _area(layer: Layer) -> int | None:
    size = given(layer.call, "output_size", 0)
    if size is None:
        return None
    if isinstance(size.value, cst.Integer):
        return size.value.evaluated_value**2
    elements = size.value.elements if isinstance(size.value, (cst.Tuple, cst.List)) else ()
    numbers = [item.value.evaluated_value for item in elements if isinstance(item.value, cst.Integer)]
    return prod(numbers) if numbers and len(numbers) == len(elements) else None


def _row_length(node: cst.Call) -> int | None:
    """128 for `view(-1, 128)`."""
    if len(node.args) != 2 or not _is_minus_one(node.args[0].value):
        return None
    length = node.args[1].value
    return length.evaluated_value if isinstance(length, cst.Integer) else None


def _is_minus_one(node: cst.BaseExpression) -> bool:
    is_negative = isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus)
    inner = node.expression if isinstance(node, cst.UnaryOperation) else None
    return is_negative and isinstance(inner, cst.Integer) and inner.value == "1"
