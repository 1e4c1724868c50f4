"""Edits that make an in-place operation leave its operand alone."""

from __future__ import annotations

import re

import libcst as cst

from nn_lint.diagnostic import Edit, Span
from nn_lint.fixing.build import insert, replace
from nn_lint.model.inplace import InPlace
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.syntax import walk

_WITH_TWIN = re.compile(
    r"(?:relu|leaky_relu|elu|selu|celu|rrelu|hardtanh|threshold|sigmoid|tanh|add|sub|mul|div|addcmul|addcdiv|lerp|clamp"
    r"|clamp_min|clamp_max|masked_fill|exp|abs|neg|sqrt|pow|clip|round|floor|dropout|hardswish)_"
)
"""Functions that exist without the underscore, and then give a new tensor."""

_LOOSER = (cst.IfExp, cst.Lambda, cst.NamedExpr, cst.BooleanOperation, cst.Comparison, cst.BinaryOperation)
_OPERATORS: dict[type[cst.BaseAugOp], str] = {
    cst.AddAssign: "+",
    cst.SubtractAssign: "-",
    cst.MultiplyAssign: "*",
    cst.DivideAssign: "/",
}


def work_out_of_place(cls: ModuleClass, write: InPlace) -> tuple[Edit, ...] | None:
    """`inplace=True` becomes `inplace=False`, `relu_` becomes `relu`, `x += y` becomes `x = x + y`."""
    if write.flag is not None:
        start = write.flag.keyword or write.flag.value
        flag = Span(cls.syntax.span(start).start, cls.syntax.span(write.flag.value).end)
        return (*_kept_result(cls, write), replace(flag, "inplace=False"))
    if isinstance(write.node, cst.AugAssign):
        return _plain_assignment(cls, write.node)
    name = write.node.func if isinstance(write.node, cst.Call) else None
    word = name.attr if isinstance(name, cst.Attribute) else name
    if not isinstance(word, cst.Name) or not _WITH_TWIN.fullmatch(word.value):
        return None
    return (*_kept_result(cls, write), replace(cls.syntax.span(word), word.value.rstrip("_")))


def _plain_assignment(cls: ModuleClass, node: cst.AugAssign) -> tuple[Edit, ...] | None:
    operator = _OPERATORS.get(type(node.operator))
    if operator is None:
        return None
    target, value = cls.syntax.span(node.target), cls.syntax.span(node.value)
    text = cls.syntax.text(node.target)
    between = Span(target.end, value.start)
    if not isinstance(node.value, _LOOSER) or node.value.lpar:
        return (replace(between, f" = {text} {operator} "),)
    return replace(between, f" = {text} {operator} ("), insert(value.end, ")")


def _kept_result(cls: ModuleClass, write: InPlace) -> tuple[Edit, ...]:
    """Where the call was a statement of its own, its result goes to the name that it wrote into."""
    flow, call = cls.flow, write.value.node
    assert flow is not None, "a write comes out of a flow"
    statement = next((node for node, value in flow.discarded if value is write.value), None)
    if statement is None or not isinstance(call, cst.Call):
        return ()
    nodes = (node for node in walk(call, cst.Name) if flow.made.get(node) is write.value.operands[0])
    written = next(nodes, None)
    return () if written is None else (insert(cls.syntax.span(statement).start, f"{cls.syntax.text(written)} = "),)
