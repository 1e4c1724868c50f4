"""In which order the inits of a class and its bases run for an instance of it, by its own MRO."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.parent_calls import CallForm, ParentCall
from nn_lint.model.syntax import self_attribute
from nn_lint.project.hierarchy import ProjectClass, Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_DEPTH = 8
_RIGHT = (CallForm.ZERO_ARGUMENT, CallForm.TWO_ARGUMENT, CallForm.EXPLICIT)


@dataclass(frozen=True, slots=True)
class InitEvent:
    """`nn.Module.__init__` runs (no attribute), or a layer is registered.

    `cause` is the statement of the class's own method that leads there.
    """

    attribute: str | None
    cause: cst.CSTNode | None


class Unfollowed(Exception):
    """An init that cannot be followed for certain."""


def run_of_inits(cls: ModuleClass, *then: Method) -> list[InitEvent]:
    """What the construction of an instance does, and some further methods of the class after it."""
    order = (cls.definition, *cls.ancestry.order)
    events = list(_run(cls, order, None, cls, _DEPTH))
    for method in then:
        events.extend(_body(cls, order, method, None, cls, _DEPTH))
    return events


def _run(
    owner: ModuleClass, order: Sequence[Resolved], cause: cst.CSTNode | None, top: ModuleClass, depth: int
) -> Iterator[InitEvent]:
    """The events of the init of one class; `order` is the MRO of the instance from that class on."""
    init = owner.init
    if init is None:
        yield from _next(order[1:], cause, top, depth)
    else:
        yield from _body(owner, order, init, cause, top, depth)


def _body(
    owner: ModuleClass,
    order: Sequence[Resolved],
    method: Method,
    cause: cst.CSTNode | None,
    top: ModuleClass,
    depth: int,
) -> Iterator[InitEvent]:
    """The events of a method that `owner` defines."""
    if depth == 0 or method.decorators:
        raise Unfollowed
    calls = {item.node: item for item in method.parent_calls}
    seen = 0
    for statement in method.statements:
        node = statement.value if isinstance(statement, cst.Expr) else None
        found = calls.get(node) if node is not None else None
        if found is not None:
            seen += 1
            yield from _follow(owner, order, found, cause or found.node, top, depth)
        elif isinstance(statement, cst.Assign) and owner.construction.is_registered_value(statement.value, method):
            names = (self_attribute(item.target, method.receiver) for item in statement.targets)
            yield from (InitEvent(name, cause) for name in names if name is not None)
        elif isinstance(node, cst.Call) and (helper := _helper(top, method, node)) is not None:
            definer, found_helper = helper
            full = (top.definition, *top.ancestry.order)
            rest = full[full.index(definer.definition) :]
            yield from _body(definer, rest, found_helper, cause or node, top, depth - 1)
    if seen != len(calls):
        raise Unfollowed


def _helper(top: ModuleClass, method: Method, node: cst.Call) -> tuple[ModuleClass, Method] | None:
    """The method that `self.build()` runs and that calls some init, with the class that defines it."""
    name = self_attribute(node.func, method.receiver)
    for item in (top, *top.ancestors) if name is not None else ():
        found = item.method(name or "")
        if found is not None:
            return (item, found) if found.parent_calls else None
    return None


def _follow(
    owner: ModuleClass, order: Sequence[Resolved], found: ParentCall, cause: cst.CSTNode, top: ModuleClass, depth: int
) -> Iterator[InitEvent]:
    """What one call of a parent's init runs."""
    if not (found.is_called and found.is_spelled_right and found.form in _RIGHT):
        raise Unfollowed
    if found.form is not CallForm.ZERO_ARGUMENT and found.parent is not None:
        target = owner.resolve(found.parent)
        full = (top.definition, *top.ancestry.order)
        if target not in full:
            raise Unfollowed
        rest = full[full.index(target) :]
        if found.form is CallForm.EXPLICIT:
            yield from _next(rest, cause, top, depth)
            return
        order = rest
    yield from _next(order[1:], cause, top, depth)


def _next(order: Sequence[Resolved], cause: cst.CSTNode | None, top: ModuleClass, depth: int) -> Iterator[InitEvent]:
    """The first class of an order that has an init, run."""
    for index, item in enumerate(order):
        if isinstance(item, TorchClass):
            yield InitEvent(None, cause)
            return
        if not isinstance(item, ProjectClass):
            if getattr(item, "harmless", False):
                continue
            raise Unfollowed
        if item.facts.method("__init__") is not None:
            yield from _run(top.registry.model(item), order[index:], cause, top, depth - 1)
            return
