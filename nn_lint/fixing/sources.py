"""Edits that take the short side of a residual sum from the block's input."""

from __future__ import annotations

import libcst as cst

from nn_lint.diagnostic import Edit, Position
from nn_lint.fixing.build import delete_rows, replace, stands_alone
from nn_lint.fixing.residual import save_first
from nn_lint.fixing.statements import insert_first
from nn_lint.model.bindings import bindings
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.evidence import StraightChain
from nn_lint.model.residual.sources import SavedLate, WrongSource
from nn_lint.model.values import Value


def mend_wrong_source(cls: ModuleClass, found: WrongSource) -> tuple[Edit, ...] | str:
    """Hand the block's input to the shortcut, saved first where no name holds it any more; or why not."""
    if not isinstance(found.node, cst.Name):
        return "what the shortcut should get is a guess"
    span = cls.syntax.span(found.node)
    holder = _holder(cls, found.path[0], span.start)
    if holder is not None:
        return (replace(span, holder),)
    name, edits = save_first(cls, StraightChain(found.path), "{}")
    return (*edits, replace(span, name))


def _holder(cls: ModuleClass, source: Value, place: Position) -> str | None:
    """A name that holds a value at a place of forward."""
    before = [item for item in bindings(cls) if cls.syntax.span(item[1]).end <= place]
    names = dict.fromkeys((source.name, *(name for name, _, value in before if value is source)))
    held = (name for name in names if all(value is source for bound, _, value in before if bound == name))
    return next(held, None)


def save_early(cls: ModuleClass, found: SavedLate) -> tuple[Edit, ...] | str:
    """Move the statement that saves the input to the beginning of forward; or why that cannot be done."""
    forward = cls.method("forward")
    assert forward is not None, "a sum stands in a forward"
    bound = [statement for name, statement, _ in bindings(cls) if name == found.name]
    if len(bound) != 1 or bound[0] not in forward.statements:
        return f"where `{found.name}` should be saved is a guess"
    span = cls.syntax.span(bound[0])
    if not stands_alone(cls.syntax.lines, span):
        return f"`{found.name}` is saved on a row with other statements"
    saved = insert_first(forward, f"{found.name} = {found.path[0].name}")
    return saved, delete_rows(cls.syntax.lines, span.start.row, span.end.row)
