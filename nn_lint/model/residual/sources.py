"""Residual sums whose short side was taken of the wrong value: of the branch, where the block's input is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.residual.names import SAVED_INPUT, SHORTCUT_ATTRIBUTE
from nn_lint.model.residual.routes import stream_between
from nn_lint.model.residual.weights import is_weighted
from nn_lint.model.residual.widths import Fit, fit_of, keeps_shape, projection_of
from nn_lint.model.syntax import summands, walk
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_PROJECTION_NAME = re.compile(r"(?:short_?cut|downsample)\w*")
_CHAIN = frozenset({Kind.INPUT, Kind.LAYER, Kind.OPERATION})


@dataclass(frozen=True, slots=True)
class WrongSource:
    """A shortcut that gets what the branch has made of the input.

    `path` leads from the input of the block to what the shortcut gets, `node` is where it gets it: an argument.
    `alternative` is what the code adds on the other side of a condition: the input, or what the shortcut gets.
    """

    attribute: str
    node: cst.BaseExpression
    path: tuple[Value, ...]
    sum: Value
    alternative: Value | None

    @property
    def has_raw(self) -> bool:
        """Whether the input itself is added on the other side of a condition."""
        return self.alternative is self.path[0]


@dataclass(frozen=True, slots=True)
class SavedLate:
    """An input that is saved behind the branch, so that the sum adds the branch to itself. `node` is the name added."""

    name: str
    node: cst.Name
    path: tuple[Value, ...]
    sum: Value


def wrong_sources(cls: ModuleClass) -> Iterator[WrongSource]:
    """The shortcuts of a forward that are applied too late."""
    for total in _kept_sums(cls):
        sides = total.operands
        for operand, branch in (sides, sides[::-1]):
            found = _misplaced(cls, total, operand, branch) if operand is not branch else None
            if found is not None:
                yield found
                break


def saved_late(cls: ModuleClass) -> Iterator[SavedLate]:
    """The sums `x + identity` in which both names stand for the result of the branch."""
    for total in _kept_sums(cls):
        first, second = total.operands
        path = _path(cls, first) if first is second and first.kind is not Kind.INPUT else None
        named = [side for side in summands(total.node) if isinstance(side, cst.Name)]
        saved = [node for node in named if SAVED_INPUT.fullmatch(node.value)]
        if path is not None and len(named) == 2 and len(saved) == 1 and named[0].value != named[1].value:
            yield SavedLate(saved[0].value, saved[0], path, total)


def _kept_sums(cls: ModuleClass) -> Iterator[Value]:
    """The sums of two values in the text of forward that reach its result."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None:
        return
    own = set(walk(forward.node))
    kept = {item for _, result in flow.returned for item in result.ancestors()}
    for value in flow.values:
        if value.kind is Kind.ADD and len(value.operands) == 2 and value in kept and value.node in own:
            yield value


def _misplaced(cls: ModuleClass, total: Value, operand: Value, branch: Value) -> WrongSource | None:
    options = tuple(_options(operand))
    calls = [item for item in options if item.kind is Kind.LAYER and SHORTCUT_ATTRIBUTE.fullmatch(item.name)]
    call = calls[0] if len(calls) == 1 else None
    if call is None or len(call.dependent_operands) != 1 or not isinstance(call.node, cst.Call):
        return None
    taken, node = call.dependent_operands[0], call.node
    path = _path(cls, taken)
    if (
        path is None
        or len(node.args) != 1
        or not _stands_in_forward(cls, node)
        or {*options, path[0], taken} != {call, path[0], taken}
    ):
        return None
    if taken not in stream_between(path[0], branch).spine:
        return None
    projection, alternative = projection_of(cls, call.name), next((item for item in options if item is not call), None)
    fit = fit_of(cls, projection, path)
    is_open = fit is Fit.UNKNOWN and keeps_shape(cls, projection)
    is_late = not is_open and _is_end(cls, taken, branch) and _projects(cls, call)
    is_sure = fit is not Fit.RESULT and (alternative is path[0] or fit is Fit.INPUT or is_late)
    return WrongSource(call.name, node.args[0].value, path, total, alternative) if is_sure else None


def _stands_in_forward(cls: ModuleClass, node: cst.CSTNode) -> bool:
    forward = cls.method("forward")
    return forward is not None and node in set(walk(forward.node))


def _options(value: Value) -> Iterator[Value]:
    """What a value may be by the conditions of the code."""
    if value.kind is not Kind.CHOICE:
        yield value
        return
    for operand in value.operands:
        yield from _options(operand)


def _path(cls: ModuleClass, value: Value) -> tuple[Value, ...] | None:
    """The straight way from an input of forward to a value, if weights are applied on it."""
    path = value.straight_path()
    if path is None or cls.flow is None or path[0] not in cls.flow.inputs:
        return None
    if any(item.kind not in _CHAIN for item in path) or not any(is_weighted(cls, item) for item in path):
        return None
    return path


def _is_end(cls: ModuleClass, taken: Value, branch: Value) -> bool:
    """Whether nothing but norms and activations comes between two values."""
    between = stream_between(taken, branch).values[1:] if taken is not branch else ()
    return all(item.kind is Kind.OPERATION or is_weighted(cls, item) is False for item in between)


def _projects(cls: ModuleClass, call: Value) -> bool:
    """Whether a submodule is a projection by its name, and no block of layers by its construction."""
    if not _PROJECTION_NAME.fullmatch(call.name):
        return False
    built = cls.layers.by_attribute.get(call.name, ())
    if any(isinstance(layer.cls, ProjectClass) for layer in built):
        return False
    return len(projection_of(cls, call.name)) < 2
