"""The edit that adds a block's input where the branch was added to itself."""

from __future__ import annotations

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import replace
from nn_lint.fixing.residual import save_first
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.evidence import straight_chain
from nn_lint.model.residual.leftovers import saved_inputs
from nn_lint.model.values import Value


def mend_self_sum(cls: ModuleClass, value: Value) -> tuple[Edit, ...] | None:
    """Replace the right operand by the saved input, or by the input itself."""
    node = value.node
    chain = straight_chain(cls)
    if isinstance(node, cst.BinaryOperation):
        operand: cst.BaseExpression = node.right
    elif isinstance(node, cst.AugAssign):
        operand = node.value
    else:
        return None
    saved = next((item.name for item in saved_inputs(cls) if item.holds_input and not item.is_projected), None)
    if saved is not None:
        return (replace(cls.syntax.span(operand), saved),)
    if chain is None:
        return None
    term, edits = save_first(cls, chain, "{}")
    return (*edits, replace(cls.syntax.span(operand), term))
