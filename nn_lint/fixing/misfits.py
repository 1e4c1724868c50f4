"""The edits that project a bare input before it is added to a branch of another size."""

from __future__ import annotations

import dataclasses

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import replace
from nn_lint.fixing.projection import define
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.branches import Branch
from nn_lint.model.residual.misfits import MisfitSum
from nn_lint.model.residual.routes import stream_between
from nn_lint.model.residual.shortcut import derive_shortcut


def project_input(cls: ModuleClass, found: MisfitSum) -> tuple[Edit, ...] | str:
    """Define a shortcut and add its result in the place of the input; or why that cannot be done."""
    branch = Branch(stream_between(found.path[0], found.path[-1]), keeps_width=False)
    projection = derive_shortcut(cls, branch, follows=_is_followed(cls, found), trusts=False)
    if isinstance(projection, str):
        return projection
    if isinstance(found.sum.node, cst.AugAssign) and found.sum.node.target is found.raw:
        return "the input is what the sum is assigned to"
    if projection is None:
        return "no projection makes up for what the branch does to the size"
    condition = "" if found.instance is None else projection.condition
    definition = define(cls, dataclasses.replace(projection, condition=condition))
    if isinstance(definition, str):
        return definition
    return definition.edit, replace(cls.syntax.span(found.raw), f"{definition.attribute}({found.raw.value})")


def _is_followed(cls: ModuleClass, found: MisfitSum) -> bool:
    """Whether one step comes behind the sum: a block that ends in an activation has a norm in its shortcut as well."""
    result = cls.flow.returned[0][1] if cls.flow is not None else found.sum
    return result.dependent_operands == (found.sum,)
