"""Whether a branch changes its own input in place, so that what was saved before is no longer the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import Layer
from nn_lint.model.residual.branches import Branch
from nn_lint.model.residual.routes import Stream, main_stream
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_DEPTH = 3


def changes_input(cls: ModuleClass, branch: Branch) -> bool:
    """Whether a layer or function that gets the input of a branch may write into it."""
    return _changes_source(cls, branch.stream, _DEPTH)


def _changes_source(cls: ModuleClass, stream: Stream, depth: int) -> bool:
    """The value itself, and what is but another view of it."""
    views = {stream.source}
    for value in stream.values[1:]:
        if not views & set(stream.operands(value)):
            continue
        if _writes(cls, value, depth):
            return True
        if value.kind in (Kind.ITEM, Kind.CHOICE, Kind.COLLECTION) or value.name in ("view", "transpose", "permute"):
            views.add(value)
    return False


def _writes(cls: ModuleClass, value: Value, depth: int) -> bool:
    if value.kind is Kind.LAYER:
        return any(_layer_writes(cls, call, depth) for call in _constructions(cls, value.name)) or (
            value.layer is not None and _child_writes(cls, value.layer, depth)
        )
    if isinstance(value.node, cst.AugAssign):
        return True
    return value.name.endswith("_") or _is_in_place(cls, value.node)


def _constructions(cls: ModuleClass, attribute: str) -> list[cst.Call]:
    """The calls that build an attribute, as they are written in the class."""
    found: list[cst.Call] = []
    for method in cls.methods:
        for node in walk(method.node.body, cst.Assign):
            targets = [target.target for target in node.targets] if isinstance(node, cst.Assign) else []
            if any(self_attribute(target, method.receiver) == attribute for target in targets):
                found += [item for item in walk(node.value, cst.Call) if isinstance(item, cst.Call)][:1]  # type: ignore[attr-defined]
    return found


def _layer_writes(cls: ModuleClass, call: cst.Call, depth: int) -> bool:
    """`nn.ReLU(inplace=True)`, also as the first child of a Sequential."""
    inner = call.args[0].value if call.args and "Sequential" in cls.syntax.text(call.func) else None
    if isinstance(inner, cst.Call):
        return _layer_writes(cls, inner, depth)
    return _is_in_place(cls, call)


def _child_writes(cls: ModuleClass, layer: Layer, depth: int) -> bool:
    """A class of the project whose own forward begins so."""
    first = layer.children[0] if layer.children else layer
    if not isinstance(first.cls, ProjectClass) or depth == 0:
        return False
    model = cls.registry.model(first.cls)
    stream = main_stream(model)
    return stream is not None and _changes_source(model, stream, depth - 1)


def _is_in_place(cls: ModuleClass, node: cst.CSTNode | None) -> bool:
    if not isinstance(node, cst.Call):
        return False
    given = [item.value for item in node.args if item.keyword is not None and item.keyword.value == "inplace"]
    name = cls.syntax.text(node.func).split(".")[-1]
    if name.lower() in _TAKES_INPLACE and not given:
        index = int(name.islower())
        given = [item.value for item in node.args[index : index + 1] if item.keyword is None]
    return any(cls.syntax.text(item) != "False" for item in given)


_TAKES_INPLACE = frozenset({"relu", "relu6", "silu", "selu", "mish", "hardswish"})
"""Activations whose first argument, after the input of the function, is `inplace`."""
