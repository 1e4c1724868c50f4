"""The submodule on the shortcut: its lines in `__init__`, or the one that the constructor is given already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import insert_after
from nn_lint.model.method import Method, names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.names import SHORTCUT_ATTRIBUTE
from nn_lint.model.residual.shortcut import Projection

_ATTRIBUTES = ("shortcut", "projection", "shortcut_projection")


@dataclass(frozen=True, slots=True)
class Definition:
    """The edit of `__init__`, and the attribute that holds the shortcut from then on, `self` included."""

    edit: Edit
    attribute: str


def define(cls: ModuleClass, projection: Projection) -> Definition | str:
    """The lines that build a projection, behind the last layer of the branch."""
    init = cls.init
    assert init is not None, "widths come out of a constructor"
    statement = _statement_at(init, projection.row)
    name = next((name for name in _ATTRIBUTES if name not in cls.own_attributes), None)
    if statement is None or name is None:
        return "its layers are built elsewhere"
    target = f"{init.receiver}.{name}"
    rows = list(_rows(target, projection, indentation_unit(init)))
    return Definition(insert_after(init.syntax.lines, init.syntax.span(statement), rows), target)


def find_given(cls: ModuleClass) -> Definition | None:
    """A `downsample=None` that the constructor takes and does not use: the edit that stores it."""
    init = cls.init
    if init is None or not init.statements:
        return None
    used = {item.value for item in names(init.node.body)}
    for item in init.parameters[1:]:
        is_module = item.default == "None" or "Module" in (item.annotation or "")
        if SHORTCUT_ATTRIBUTE.fullmatch(item.name) and is_module and item.name not in used | cls.own_attributes:
            target = f"{init.receiver}.{item.name}"
            last = init.syntax.span(init.statements[-1])
            return Definition(insert_after(init.syntax.lines, last, [f"{target} = {item.name}"]), target)
    return None


def indentation_unit(method: Method) -> str:
    """One step of indentation as the file has it: the body of a method below its `def`."""
    lines = method.syntax.lines
    outer = lines.indentation(method.name_span.start.row)
    first = method.first_statement_span
    inner = lines.indentation(first.start.row) if first is not None else outer
    return inner[len(outer) :] or "    "


def _statement_at(init: Method, row: int) -> cst.CSTNode | None:
    """The statement of the constructor's own block that covers a row."""
    spans = ((node, init.syntax.span(node)) for node in init.statements)
    return next((node for node, span in spans if span.start.row <= row <= span.end.row), None)


def _rows(target: str, projection: Projection, unit: str) -> Iterator[str]:
    if not projection.condition:
        yield from _assignment(target, projection, unit)
        return
    yield f"{target} = {projection.identity}"
    yield f"if {projection.condition}:"
    yield from (f"{unit}{row}" for row in _assignment(target, projection, unit))


def _assignment(target: str, projection: Projection, unit: str) -> Iterator[str]:
    if len(projection.layers) == 1:
        yield f"{target} = {projection.layers[0]}"
        return
    yield f"{target} = {projection.sequential}("
    yield from (f"{unit}{layer}," for layer in projection.layers)
    yield ")"
