"""Sums of the bare input and a branch that changes its size, for any arguments or for those that the project uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.arithmetic import Numbers
from nn_lint.model.bindings import bindings
from nn_lint.model.layers import Layer
from nn_lint.model.method import Method, names
from nn_lint.model.residual.sizes import Misfit, branch_layers, misfit_of, stride_misfit
from nn_lint.model.suites import Suites
from nn_lint.model.syntax import simple_statements, summands
from nn_lint.model.values import Kind, Value
from nn_lint.project.instances import Instance, find_instances

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class MisfitSum:
    """A sum that fails. `path` leads from the input to the branch's result; `instance` is a call that makes it fail.

    `raw` is the name by which the input is added.
    """

    sum: Value
    path: tuple[Value, ...]
    raw: cst.Name
    misfit: Misfit
    instance: Instance | None = None


def misfit_sums(cls: ModuleClass) -> Iterator[MisfitSum]:
    """The sums of a forward without conditions that cannot work."""
    forward, flow, init = cls.method("forward"), cls.flow, cls.init
    if forward is None or flow is None or init is None or len(flow.returned) != 1:
        return
    suites, built = Suites(forward), set(simple_statements(init.node.body))
    kept = set(flow.returned[0][1].ancestors())
    for total in flow.values:
        if total.kind not in (Kind.ADD, Kind.SUBTRACT) or total not in kept or len(total.operands) != 2:
            continue
        path = _branch(total, flow.inputs) if suites.is_unconditional(total.node) else None
        raw = _raw_name(cls, forward, total, path[0]) if path is not None else None
        layers = branch_layers(cls, path) if path is not None and raw is not None else None
        if path is not None and raw is not None and layers and all(layer.statement in built for layer in layers):
            found = _judge(cls, init, layers)
            if found is not None:
                yield MisfitSum(total, path, raw, *found)


def misfit_projections(cls: ModuleClass) -> Iterator[tuple[Value, Misfit]]:
    """The sums of a branch and a layer on the same input whose strides differ."""
    forward, flow, init = cls.method("forward"), cls.flow, cls.init
    if forward is None or flow is None or init is None or len(flow.returned) != 1:
        return
    suites, built = Suites(forward), set(simple_statements(init.node.body))
    kept = set(flow.returned[0][1].ancestors())
    for total in flow.values:
        if total.kind is not Kind.ADD or total not in kept or not suites.is_unconditional(total.node):
            continue
        paths = [side.straight_path() for side in total.operands]
        ways = [path for path in paths if path is not None and path[0] in flow.inputs and len(path) > 1]
        if len(ways) != 2 or ways[0][0] is not ways[1][0]:
            continue
        layers = [layers for way in ways if (layers := branch_layers(cls, way)) is not None]
        if len(layers) == 2 and all(layer.statement in built for side in layers for layer in side):
            found = stride_misfit(init, *layers)
            if found is not None:
                yield total, found


def _branch(total: Value, inputs: Sequence[Value]) -> tuple[Value, ...] | None:
    """The straight way from the input to one side of a sum, where the other side is that input."""
    for raw, result in (total.operands, total.operands[::-1]):
        path = result.straight_path() if raw in inputs and result is not raw else None
        if path is not None and path[0] is raw:
            return path
    return None


def _raw_name(cls: ModuleClass, forward: Method, total: Value, raw: Value) -> cst.Name | None:
    """The name by which the input is added: the parameter itself, or one that was assigned it as it is."""
    made = cls.flow.made if cls.flow is not None else {}
    aliases = {
        name
        for name, statement, _ in bindings(cls)
        if isinstance(statement, cst.Assign) and isinstance(statement.value, cst.Name) and not statement.value.lpar
    }
    known = aliases | {item.name for item in forward.parameters}
    sides = (side for side in summands(total.node) if isinstance(side, cst.Name) and not side.lpar)
    return next((side for side in sides if made.get(side) is raw and side.value in known), None)


def _judge(cls: ModuleClass, init: Method, layers: Sequence[Layer]) -> tuple[Misfit, Instance | None] | None:
    """The misfit for any arguments, else for the first call of the class that brings one about."""
    always = misfit_of(init, layers, {})
    if always is not None:
        return always, None
    named = {name.value for layer in layers for item in layer.call.args for name in names(item.value)}
    if named.isdisjoint(item.name for item in init.parameters[1:]):
        return None
    for instance in find_instances(cls.definition, cls.registry.hierarchy):
        found = misfit_of(init, layers, _given(init, instance))
        if found is not None:
            return found, instance
    return None


def _given(init: Method, instance: Instance) -> Numbers:
    """The numbers that parameters have in an instance, by the call or by their defaults."""
    parameters = init.parameters[1:]
    bound = instance.bound_to([item.name for item in init.positional[1:]])
    numbers = {name: number for name, number in bound.items() if number is not None}
    for item in parameters:
        if item.name not in bound and isinstance(item.node.default, cst.Integer):
            numbers[item.name] = item.node.default.evaluated_value
    return numbers
