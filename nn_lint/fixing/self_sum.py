"""The edit that adds a block's input where the branch was added to itself."""

from __future__ import annotations

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import replace
from nn_lint.fixing.residual import input_term
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.routes import main_stream, stream_between
from nn_lint.model.residual.self_sums import sides_of
from nn_lint.model.values import Value


def mend_self_sum(cls: ModuleClass, value: Value) -> tuple[Edit, ...] | str:
    """Replace the right operand by the saved input, or by the input itself; or why that cannot be done."""
    sides = sides_of(value.node)
    if sides is None or value.node is None:
        return "the sum is not written as one of two names"
    stream = main_stream(cls)
    if stream is None or value not in stream.spine:
        return "its forward does not go straight to one result"
    found = input_term(
        cls, stream_between(stream.source, value.operands[0]), value.node, follows=value is not stream.result
    )
    if isinstance(found, str):
        return found
    term, edits = found
    return (*edits, replace(cls.syntax.span(sides[1]), term))
