"""Residual sums and gates that are written over a tensor which the backward pass needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import items, parts
from nn_lint.model.expressions import Flow
from nn_lint.model.inplace import InPlace, in_place, last_step
from nn_lint.model.layers import CONVOLUTIONS, Layer
from nn_lint.model.memory import Memory
from nn_lint.model.residual.names import SHORTCUT_ATTRIBUTE
from nn_lint.model.residual.weights import is_weighted
from nn_lint.model.suites import Suites
from nn_lint.model.values import Kind, Value, is_residual_sum

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_KEEP_RESULT = frozenset("relu sigmoid tanh softmax logsoftmax exp sqrt".split())
_KEEP_RESULT_IN_PLACE = frozenset("leakyrelu elu selu celu rrelu".split())
"""Functions whose gradient torch takes from their result, always or when they work in place."""

_KEEP_INPUT = CONVOLUTIONS | {"Linear", "LayerNorm", "GroupNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d"}
"""Layers whose weights get their gradient from what the layer was given."""

_WITHOUT_GRADIENT = re.compile(r"no_grad|inference_mode|requires_grad|set_grad_enabled|affine")


@dataclass(frozen=True, slots=True)
class SpoiledGradient:
    """A sum that is written over what another call keeps for the backward pass: its result, or what it was given.

    `is_last_use`: nothing behind the sum, and no collection, has the tensor by a name from before.
    """

    write: InPlace
    keeper: Value
    is_last_use: bool

    @property
    def keeps_result(self) -> bool:
        """Whether it is the result of the keeper that is overwritten."""
        return self.keeper in self.write.value.operands[0].ancestors()


def spoiled_gradients(cls: ModuleClass) -> Iterator[SpoiledGradient]:
    """`out = relu(conv(x)); out += x`, `out *= gate(out)` and `x += conv(x)`, which fail in the backward pass."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or _WITHOUT_GRADIENT.search(cls.text):
        return
    memory, suites = Memory(cls, flow), Suites(forward)
    seen: set[cst.CSTNode | None] = set()
    for value in flow.values:
        write = in_place(cls, value) if value.node in suites and (_is_gate(value) or is_residual_sum(value)) else None
        if write is None or value.kind is Kind.SUBTRACT:
            continue
        keeper = _keeper_of_result(cls, value) or _keeper_of_input(cls, flow, memory, suites, value)
        if keeper is not None and value.node not in seen:
            seen.add(value.node)
            yield SpoiledGradient(write, keeper, _is_last_use(flow, memory, value))


def _is_gate(value: Value) -> bool:
    """`out *= gate(out)`: a product with what was made of the same value."""
    if value.kind is not Kind.MULTIPLY or not isinstance(value.node, cst.AugAssign):
        return False
    scaled, gate = value.operands
    return gate is not scaled and scaled in gate.ancestors()


def _keeper_of_result(cls: ModuleClass, total: Value) -> Value | None:
    """The activation behind weights whose result is written over."""
    result = total.operands[0]
    step = last_step(cls, result)
    keeps = step is not None and (
        step.name in _KEEP_RESULT or (step.is_in_place and step.name in _KEEP_RESULT_IN_PLACE)
    )
    return result if keeps and any(is_weighted(cls, item) for item in result.ancestors()) else None


def _keeper_of_input(cls: ModuleClass, flow: Flow, memory: Memory, suites: Suites, total: Value) -> Value | None:
    """The layer of the branch that was given the very tensor which the sum is written over."""
    written = memory.roots(total.operands[0])
    branch = set(total.operands[1].ancestors())
    for value in flow.values:
        is_given = (
            value in branch and len(written) == 1 and any(memory.roots(item) == written for item in value.operands)
        )
        is_branch = SHORTCUT_ATTRIBUTE.fullmatch(value.name) is None
        if is_given and is_branch and _keeps_input(cls, value) and suites.runs_with(value.node, total.node):
            return value
    return None


def _keeps_input(cls: ModuleClass, value: Value) -> bool:
    """Whether a submodule, or each item of a list of them, begins with weights that need what it was given."""
    called = (value.layer,) if value.layer is not None else items(cls, value.name)
    first = [next((part for part in parts(cls, layer) if not _is_passive(part)), None) for layer in called]
    return bool(first) and all(part is not None and part.torch_name in _KEEP_INPUT for part in first)


def _is_passive(part: Layer | None) -> bool:
    return part is not None and part.torch_name == "Identity"


def _is_last_use(flow: Flow, memory: Memory, total: Value) -> bool:
    """Whether what is written over was only read before, and by calls that make tensors of their own."""
    for root in memory.roots(total.operands[0]):
        for item in flow.values:
            reads = item is not total and any(memory.passes_by(operand, root, total) for operand in item.operands)
            if reads and (item.kind in (Kind.COLLECTION, Kind.ITEM) or memory.is_before(total, item)):
                return False
    return True
