"""Softmaxes over dimension 0 of values whose first dimension is the batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.layers import ACTIVATIONS, PASSIVE, Layer
from nn_lint.model.samples import loses_batch, takes_one_sample
from nn_lint.model.torch_calls import given
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_FUNCTIONS = frozenset({"softmax", "log_softmax"})
_LAYERS = frozenset({"Softmax", "LogSoftmax"})
_PASSED_ON = frozenset({"squeeze", "float", "contiguous", "relu", "dropout"})
_SINGLE = re.compile(
    r"polic|actor|agent|q_?net|bandit|attention|attn|gate|rout|weight|pool|graph|node|bag|mil\b|rank|select|slot|expert"
    r"|mixture|candidate|document|retriev",
    re.IGNORECASE,
)
_INNER_DIMENSIONS = frozenset({("1", "2"), ("2", "1"), ("2", "3"), ("3", "2")})
_SCORES = re.compile(r"class|label|action|vocab|categor|output|^out|target|^n_out", re.IGNORECASE)


def softmaxes_over_batch(cls: ModuleClass) -> Iterator[cst.Call]:
    """The calls in forward, and the constructions of layers, that take a softmax over the batch."""
    flow = cls.flow
    if flow is None:
        return
    returned = {item for _, value in flow.returned for item in _results(value)}
    is_single = _SINGLE.search(_words(cls)) is not None or takes_one_sample(cls)
    seen: set[cst.CSTNode] = set()
    for value in flow.values:
        for call, scores in _over_first(cls, value):
            is_batched = _is_batched_product(scores)
            is_result = value in returned and not is_single and _is_scored(cls, value, call)
            if (is_batched or is_result) and call not in seen and cls.syntax.holds(call):
                seen.add(call)
                yield call


def _words(cls: ModuleClass) -> str:
    """The name and docstring of the class, and the names of what forward takes."""
    forward = cls.method("forward")
    names = [item.name for item in forward.parameters] if forward is not None else []
    return " ".join((cls.name, cls.docstring, *names))


def _results(value: Value) -> Iterator[Value]:
    """What a return gives, each case of a condition by itself."""
    for item in value.operands if value.kind is Kind.CHOICE else (value,):
        current = item
        while current.kind is Kind.OPERATION and current.name in _PASSED_ON and current.operands:
            current = current.operands[0]
        yield current


def _over_first(cls: ModuleClass, value: Value) -> Iterator[tuple[cst.Call, Value]]:
    """The softmax over dimension 0 that makes a value last, with what it is given."""
    if not value.operands:
        return
    if value.kind is Kind.OPERATION and value.name in _FUNCTIONS and isinstance(value.node, cst.Call):
        numbers = [item for item in value.node.args if isinstance(item.value, cst.Integer)]
        dim = given(value.node, "dim", len(value.node.args)) or (numbers[0] if len(numbers) == 1 else None)
        if dim is not None and _is_zero(dim.value):
            yield value.node, value.operands[0]
    elif value.kind is Kind.LAYER and value.layer is not None:
        last = next(iter(reversed(tuple(parts(cls, value.layer)))), None)
        axis = last.argument("dim") if last is not None and last.torch_name in _LAYERS else None
        if last is not None and axis is not None and _is_zero(axis):
            yield last.call, value.operands[0]


def _is_zero(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Integer) and node.value == "0"


def _is_batched_product(value: Value) -> bool:
    """`torch.bmm(q, k)`, and a product with a tensor whose inner dimensions were swapped."""
    while value.kind is Kind.MULTIPLY and isinstance(value.node, cst.BinaryOperation):
        if not isinstance(value.node.operator, (cst.Divide, cst.Multiply)):
            break
        value = value.operands[0]
    if value.kind is not Kind.MULTIPLY or value.name in ("mm", "einsum"):
        return False
    is_matrix = isinstance(value.node, cst.BinaryOperation) and isinstance(value.node.operator, cst.MatrixMultiply)
    if value.name == "bmm":
        return True
    return (value.name == "matmul" or is_matrix) and any(map(_swaps_inner, value.operands))


def _swaps_inner(value: Value) -> bool:
    if value.name != "transpose" or not isinstance(value.node, cst.Call):
        return False
    numbers = tuple(item.value.value for item in value.node.args if isinstance(item.value, cst.Integer))
    return numbers in _INNER_DIMENSIONS


def _is_scored(cls: ModuleClass, value: Value, call: cst.Call) -> bool:
    """Whether a linear layer gives the scores, more than one for each sample, of a parameter of forward."""
    path = value.straight_path()
    if path is None or any(map(loses_batch, path)):
        return False
    steps = [step for item in path[1:] for step in _steps(cls, item)]
    before = [step for step in steps if step is None or step.call is not call]
    while before and before[-1] is not None and before[-1].torch_name in ACTIVATIONS | PASSIVE:
        before.pop()
    last = before[-1] if before else None
    if last is None or last.torch_name != "Linear":
        return False
    width = last.argument("out_features")
    if isinstance(width, cst.Integer):
        return width.evaluated_value > 1
    return width is not None and _SCORES.search(cls.syntax.text(width)) is not None


def _steps(cls: ModuleClass, value: Value) -> Iterator[Layer | None]:
    """The layers that a value passes through; `None` for anything that may move dimensions."""
    if value.kind is Kind.LAYER and value.layer is not None:
        yield from parts(cls, value.layer)
    elif value.kind is not Kind.OPERATION or value.name not in _FUNCTIONS | _PASSED_ON:
        yield None
