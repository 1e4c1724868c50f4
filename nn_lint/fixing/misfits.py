"""The edits that project a bare input before it is added to a branch of another size."""

from __future__ import annotations

import dataclasses

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import replace
from nn_lint.fixing.residual import define_shortcut
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.evidence import StraightChain
from nn_lint.model.residual.misfits import MisfitSum
from nn_lint.model.residual.shortcut import derive_shortcut
from nn_lint.model.values import Value


def project_input(cls: ModuleClass, found: MisfitSum) -> tuple[Edit, ...] | str:
    """Define a shortcut and add its result in the place of the input; or why that cannot be done."""
    forward = cls.method("forward")
    assert forward is not None, "a sum stands in a forward"
    shortcut = derive_shortcut(cls, StraightChain((*found.path, *_activation_behind(cls, found))))
    if isinstance(shortcut, str):
        return shortcut
    if isinstance(found.sum.node, cst.AugAssign) and found.sum.node.target is found.raw:
        return "the input is what the sum is assigned to"
    if shortcut.projection is None:
        return "no projection makes up for what the branch does to the size"
    condition = "" if found.instance is None else shortcut.projection.condition
    projection = dataclasses.replace(shortcut.projection, condition=condition)
    attribute, definition = define_shortcut(cls, dataclasses.replace(shortcut, projection=projection))
    term = f"{forward.receiver}.{attribute}({found.raw.value})"
    return definition, replace(cls.syntax.span(found.raw), term)


def _activation_behind(cls: ModuleClass, found: MisfitSum) -> tuple[Value, ...]:
    """The sum, and the one step behind it: a block that ends in an activation has a norm in its shortcut as well."""
    flow = cls.flow
    result = flow.returned[0][1] if flow is not None else found.sum
    return (found.sum, result) if result.dependent_operands == (found.sum,) else ()
