"""Values that are certain to be the output of a sigmoid or softmax, through anything that only moves them about."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Position, Span
from nn_lint.model.containers import parts
from nn_lint.model.expressions import Flow
from nn_lint.model.layers import layer_of
from nn_lint.model.torch_calls import given, torch_function
from nn_lint.model.values import Kind, Value
from nn_lint.project.fed_losses import fed_losses
from nn_lint.source.lines import Lines

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_MOVING = frozenset(
    (
        "squeeze unsqueeze view reshape flatten float double half contiguous to cpu cuda clone detach view_as "
        "reshape_as type_as t unflatten"
    ).split()
)
_KEEPING = frozenset("float double half contiguous to cpu cuda clone detach type_as".split())
"""Of those, what leaves the dimensions as they are."""
_MOVING_LAYERS = frozenset({"Identity", "Flatten", "Unflatten"})
_LOSS_KINDS = frozenset({Kind.LAYER, Kind.OPERATION, Kind.UNKNOWN})
_DEPTH = 12


def squashed(cls: ModuleClass, value: Value, names: frozenset[str], depth: int = _DEPTH) -> cst.CSTNode | None:
    """The call or construction of the sigmoid or softmax (by its bare name in lower case) that a value comes out of."""
    if depth == 0:
        return None
    if value.kind is Kind.CHOICE:
        found = [squashed(cls, item, names, depth - 1) for item in value.operands]
        return found[0] if all(found) else None
    if value.kind is Kind.LAYER:
        return _of_layer(cls, value, names, depth)
    if value.kind is Kind.UNKNOWN:
        return _of_own_forward(cls, value, names, depth)
    if value.kind is not Kind.OPERATION or not isinstance(value.node, cst.Call) or not value.operands:
        return None
    if value.name.rstrip("_") in names:
        return value.node
    return squashed(cls, value.operands[0], names, depth - 1) if value.name in _MOVING else None


def keeps_dimensions(value: Value, squash: cst.CSTNode) -> bool:
    """Whether a value is what a softmax made, with its dimensions at their places."""
    while value.kind is Kind.OPERATION and value.name in _KEEPING and value.operands:
        value = value.operands[0]
    return value.node is squash or value.kind in (Kind.LAYER, Kind.CHOICE, Kind.UNKNOWN)


def squashes_again(cls: ModuleClass, value: Value, names: frozenset[str]) -> bool:
    """Whether a value is made by such a function, or by a submodule that begins with such a layer."""
    if value.kind is Kind.OPERATION and isinstance(value.node, cst.Call):
        return value.name.rstrip("_") in names
    if value.kind is not Kind.LAYER or value.layer is None:
        return False
    first = next(parts(cls, value.layer), None)
    return first is not None and (first.torch_name or "").lower() in names


def _of_layer(cls: ModuleClass, value: Value, names: frozenset[str], depth: int) -> cst.CSTNode | None:
    layer = value.layer
    if layer is None:
        return None
    for part in reversed(tuple(parts(cls, layer))):
        name = part.torch_name if part is not None else None
        if part is not None and (name or "").lower() in names:
            return part.call
        if name not in _MOVING_LAYERS:
            return None
    return squashed(cls, value.operands[0], names, depth - 1) if value.operands else None


def _of_own_forward(cls: ModuleClass, value: Value, names: frozenset[str], depth: int) -> cst.CSTNode | None:
    """`self(x)`: whatever the module's own forward returns."""
    node, forward = value.node, cls.method("forward")
    is_own = isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "self"
    if not is_own or forward is None:
        return None
    return _of_results(cls, names, depth - 1)


def _of_results(cls: ModuleClass, names: frozenset[str], depth: int) -> cst.CSTNode | None:
    """What forward returns, where it returns nothing else."""
    returned = cls.flow.returned if cls.flow is not None else ()
    found = [squashed(cls, item, names, depth) for _, item in returned]
    return found[0] if found and all(found) else None


def outer_losses(cls: ModuleClass, names: frozenset[str], function: str, layer: str) -> Iterator[Span]:
    """The calls of a loss of torch in the file of a class that are given what its instances return: such a squash."""
    file = cls.definition.file
    if file.text.reindented is not None or _of_results(cls, names, _DEPTH) is None:
        return
    for call in fed_losses(cls.definition, cls.registry.hierarchy, function, layer):
        yield _span(file.text.lines, call)


def _span(lines: Lines, node: ast.Call) -> Span:
    """Where a node of CPython's tree stands; its columns count bytes."""
    ends = ((node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset))
    start, end = (
        Position(row, len(lines.row(row).encode()[:column].decode(errors="ignore")) + 1) for row, column in ends
    )
    return Span(start, end)


def flows(cls: ModuleClass, loss: str, words: tuple[str, ...]) -> Iterator[Flow]:
    """The flows of forward, and of the other methods that have one of the words or a submodule of the loss's class."""
    if cls.flow is not None:
        yield cls.flow
    held = {name for name, found in cls.layers.by_attribute.items() if any(layer.torch_name == loss for layer in found)}
    for method in cls.methods:
        if method.name in ("__init__", "forward"):
            continue
        if held & method.attributes_of(method.receiver) or any(word in cls.syntax.text(method.node) for word in words):
            yield cls.flow_of(method)


def losses(cls: ModuleClass, flow: Flow, function: str, layer: str) -> Iterator[tuple[cst.Call, Value]]:
    """The calls of a loss of torch, a function or a submodule, with what each is given as prediction."""
    for value in flow.values:
        node = value.node
        if not isinstance(node, cst.Call) or value.kind not in _LOSS_KINDS:
            continue
        is_layer = value.layer is not None and value.layer.torch_name == layer
        if (
            not is_layer
            and torch_function(cls, node) != f"nn.functional.{function}"
            and not _is_built(cls, node, layer)
        ):
            continue
        prediction = given(node, "input", 0)
        found = flow.made.get(prediction.value) if prediction is not None and not prediction.star else None
        if found is not None:
            yield node, found


def _is_built(cls: ModuleClass, call: cst.Call, layer: str) -> bool:
    """`nn.CrossEntropyLoss()(x, y)`."""
    built = layer_of(cls, "", call.func, call) if isinstance(call.func, cst.Call) else None
    return built is not None and built.torch_name == layer
