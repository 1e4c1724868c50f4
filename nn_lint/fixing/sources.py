"""Edits that take the short side of a residual sum from the block's input."""

from __future__ import annotations

import libcst as cst

from nn_lint.diagnostic import Edit, Position
from nn_lint.fixing.build import delete_rows, replace, stands_alone
from nn_lint.fixing.habits import habits_of
from nn_lint.fixing.statements import insert_first
from nn_lint.model.bindings import bindings
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.names import SAVED_INPUT
from nn_lint.model.residual.sources import SavedLate, WrongSource
from nn_lint.model.values import Value


def mend_wrong_source(cls: ModuleClass, found: WrongSource) -> tuple[Edit, ...] | str:
    """Hand the block's input to the shortcut, saved first where no name holds it any more; or why not."""
    if not isinstance(found.node, cst.Name):
        return "what the shortcut should get is a guess"
    span = cls.syntax.span(found.node)
    if found.alternative is not None and not found.has_raw:
        names = [name for name, statement, value in bindings(cls) if _saves(statement, name, value, found)]
        moved = _save_first(cls, names[0], found.path[0].name) if len(names) == 1 else "the input is not saved"
        return moved if isinstance(moved, str) else (*moved, replace(span, names[0]))
    holder = _holder(cls, found.path[0], span.start)
    if holder is not None:
        return (replace(span, holder),)
    forward = cls.method("forward")
    assert forward is not None, "a sum stands in a forward"
    name = habits_of(cls).saved_name(forward)
    return insert_first(forward, f"{name} = {found.path[0].name}"), replace(span, name)


def save_early(cls: ModuleClass, found: SavedLate) -> tuple[Edit, ...] | str:
    """Move the statement that saves the input to the beginning of forward; or why that cannot be done."""
    return _save_first(cls, found.name, found.path[0].name)


def _saves(statement: cst.CSTNode, name: str, value: Value, found: WrongSource) -> bool:
    """Whether a statement keeps what the shortcut gets under a name for the input."""
    is_alias = isinstance(statement, cst.Assign) and isinstance(statement.value, cst.Name)
    return is_alias and value is found.alternative and SAVED_INPUT.fullmatch(name) is not None


def _holder(cls: ModuleClass, source: Value, place: Position) -> str | None:
    """A name that holds a value at a place of forward."""
    before = [item for item in bindings(cls) if cls.syntax.span(item[1]).end <= place]
    names = dict.fromkeys((source.name, *(name for name, _, value in before if value is source)))
    held = (name for name in names if all(value is source for bound, _, value in before if bound == name))
    return next(held, None)


def _save_first(cls: ModuleClass, name: str, source: str) -> tuple[Edit, ...] | str:
    """Save the input as the first thing that forward does, and no longer where it is saved too late."""
    forward = cls.method("forward")
    assert forward is not None, "a sum stands in a forward"
    aliases = [
        statement
        for bound, statement, _ in bindings(cls)
        if bound == name and isinstance(statement, cst.Assign) and isinstance(statement.value, cst.Name)
    ]
    if len(aliases) != 1 or aliases[0] not in forward.statements:
        return f"where `{name}` should be saved is a guess"
    span = cls.syntax.span(aliases[0])
    if not stands_alone(cls.syntax.lines, span):
        return f"`{name}` is saved on a row with other statements"
    return insert_first(forward, f"{name} = {source}"), delete_rows(cls.syntax.lines, span.start.row, span.end.row)
