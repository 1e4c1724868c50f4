"""Edits that put a forgotten shortcut into a block: its definition, the saved input, and the addition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import insert, insert_after, insert_before, replace
from nn_lint.fixing.statements import insert_first
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.evidence import StraightChain
from nn_lint.model.residual.shortcut import Projection, Shortcut, ends_in_activation, walk_statements
from nn_lint.model.syntax import walk

_SAVED_NAMES = ("identity", "residual", "shortcut", "skip")


@dataclass(frozen=True, slots=True)
class _Place:
    """The expression whose value is the branch's result before the last activation, and the statement around it."""

    expression: cst.BaseExpression
    statement: cst.CSTNode
    is_receiver: bool


def add_shortcut(
    cls: ModuleClass, chain: StraightChain, shortcut: Shortcut, saved: str | None = None
) -> tuple[Edit, ...] | str:
    """The edits that add the input of a straight block to its result, or why they cannot be made.

    `saved` is a local that holds the input already.
    """
    forward, init = cls.method("forward"), cls.init
    assert forward is not None and init is not None, "a straight chain has a forward, its layers an __init__"
    place = _place(cls, forward, chain)
    if place is None:
        return "the addition would stand in a branch or loop"
    if _first_step_is_in_place(cls, chain):
        return "the first layer changes the input in place"
    edits: list[Edit] = []
    attribute = _free_attribute(cls)
    source = chain.values[0].name
    if shortcut.projection is not None:
        edits.append(_definition(cls, init, shortcut, shortcut.projection, attribute))
    term = saved or source
    if shortcut.projection is not None:
        term = f"{forward.receiver}.{attribute}({term})"
    if saved is None and _is_rebound(cls, forward, source):
        name = _free_name(cls, forward)
        edits.append(insert_first(forward, f"{name} = {term}"))
        term = name
    edits.append(_addition(cls, place, term))
    return tuple(edits)


def define_shortcut(cls: ModuleClass, shortcut: Shortcut) -> tuple[str, Edit]:
    """The attribute of a new projection, and the edit that defines it in `__init__`."""
    assert shortcut.projection is not None and cls.init is not None, "there is something to define, and a place for it"
    attribute = _free_attribute(cls)
    return attribute, _definition(cls, cls.init, shortcut, shortcut.projection, attribute)


def add_term(cls: ModuleClass, chain: StraightChain, term: str) -> tuple[Edit, ...] | None:
    """The edit that adds a ready term, such as a saved projection, to the result of a straight block."""
    forward = cls.method("forward")
    place = _place(cls, forward, chain) if forward is not None else None
    return None if place is None else (_addition(cls, place, term),)


def save_first(cls: ModuleClass, chain: StraightChain, template: str) -> tuple[str, tuple[Edit, ...]]:
    """The term `template.format(x)` of the block's input, and the edit that saves it first where `x` is overwritten."""
    forward = cls.method("forward")
    assert forward is not None, "a straight chain has a forward"
    source = chain.values[0].name
    if not _is_rebound(cls, forward, source) and " if " not in template:
        return template.format(source), ()
    name = _free_name(cls, forward)
    return name, (insert_first(forward, f"{name} = {template.format(source)}"),)


def _addition(cls: ModuleClass, place: _Place, term: str) -> Edit:
    span = cls.syntax.span(place.expression)
    text = cls.syntax.text(place.expression)
    if isinstance(place.expression, cst.Name):
        start = cls.syntax.span(place.statement).start
        return insert_before(cls.syntax.lines, start, [f"{text} = {text} + {term}"])
    if place.is_receiver:
        return replace(span, f"({text} + {term})")
    return insert(span.end, f" + {term}")


def _place(cls: ModuleClass, forward: Method, chain: StraightChain) -> _Place | None:
    """Before the last activation where the block ends in one, else in the `return`."""
    expression, is_receiver = _branch_result(cls, chain)
    if expression is None:
        return None
    for statement in walk_statements(forward.node.body):
        if isinstance(statement, (cst.Assign, cst.AnnAssign, cst.Return)) and expression in set(walk(statement)):
            return _Place(expression, statement, is_receiver)
    return None


def _branch_result(cls: ModuleClass, chain: StraightChain) -> tuple[cst.BaseExpression | None, bool]:
    flow = cls.flow
    assert flow is not None, "a chain comes out of a flow"
    if not ends_in_activation(chain):
        statement = flow.returned[0][0]
        return (statement.value if isinstance(statement, cst.Return) else None), False
    call = chain.steps[-1].node
    if not isinstance(call, cst.Call):
        return None, False
    operand = chain.steps[-1].operands[0]
    if isinstance(call.func, cst.Attribute) and flow.made.get(call.func.value) is operand:
        return call.func.value, True
    return (call.args[0].value, False) if call.args else (None, False)


def _definition(cls: ModuleClass, init: Method, shortcut: Shortcut, projection: Projection, attribute: str) -> Edit:
    """The lines of `__init__` that hold the shortcut in one submodule."""
    lines = cls.syntax.lines
    unit = _indentation_unit(init)
    target = f"{init.receiver}.{attribute}"
    built = list(_assignment(target, projection, unit))
    if projection.condition:
        built = [
            f"{target} = {projection.identity}",
            f"if {projection.condition}:",
            *(f"{unit}{row}" for row in built),
        ]
    return insert_after(lines, cls.syntax.span(shortcut.anchor), built)


def _assignment(target: str, projection: Projection, unit: str) -> Iterator[str]:
    if projection.norm is None:
        yield f"{target} = {projection.layer}"
        return
    yield f"{target} = {projection.sequential}("
    yield f"{unit}{projection.layer},"
    yield f"{unit}{projection.norm},"
    yield ")"


def _indentation_unit(method: Method) -> str:
    """One step of indentation as the file has it: the body of a method below its `def`."""
    lines = method.syntax.lines
    outer = lines.indentation(method.name_span.start.row)
    first = method.first_statement_span
    inner = lines.indentation(first.start.row) if first is not None else outer
    return inner[len(outer) :] or "    "


def _is_rebound(cls: ModuleClass, forward: Method, name: str) -> bool:
    return cls.flow is not None and any(bound == name for bound, _, _ in cls.flow.bound)


def _first_step_is_in_place(cls: ModuleClass, chain: StraightChain) -> bool:
    step = chain.steps[0]
    if step.layer is not None:
        layer = step.layer.children[0] if step.layer.children else step.layer
        inplace = layer.argument("inplace")
        return inplace is not None and cls.syntax.text(inplace) != "False"
    return step.name.endswith("_") or "inplace" in (cls.syntax.text(step.node) if step.node is not None else "")


def _free_name(cls: ModuleClass, forward: Method) -> str:
    """A name for the saved input: the file's own habit, if it has one, and not in use in this method."""
    content = cls.syntax.lines.text
    ranked = sorted(_SAVED_NAMES, key=lambda name: -len(re.findall(rf"(?<![.\w]){name} = ", content)))
    return next(name for name in (*ranked, "block_input") if name not in forward.locals)


def _free_attribute(cls: ModuleClass) -> str:
    return next(name for name in ("shortcut", "projection", "shortcut_projection") if name not in cls.own_attributes)
