"""Where a method ends without a `return` of a value: the last statements of the paths that reach its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.syntax import simple_statements, walk


@dataclass(frozen=True, slots=True)
class Ending:
    """The last statement of a path. `is_skipped`: an `if`, loop or `try` that the path goes past, or that may end it.

    `is_looped`: it is the last of a loop's body. `outermost` is the statement of the method's body that it stands in.
    """

    statement: cst.CSTNode
    outermost: cst.CSTNode
    is_looped: bool
    is_skipped: bool


def endings(method: Method) -> tuple[Ending, ...]:
    """Every path that reaches the end of a method, or a `return` of nothing there; a `print` at the end is left out."""
    last = method.statements[-1] if method.statements else None
    making = next((node for node in reversed(method.statements) if not is_print(node)), None)
    return () if last is None or making is None else tuple(_of_statement(making, last, looped=False))


def is_print(node: cst.CSTNode) -> bool:
    """A `print`, which makes no result."""
    call = node.value if isinstance(node, cst.Expr) else node
    return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "print"


def returns(method: Method) -> tuple[cst.Return, ...]:
    """The `return`s of the method itself that give a value."""
    found = walk(method.node.body, cst.Return, into_scopes=False)
    return tuple(node for node in found if isinstance(node, cst.Return) and node.value is not None)


def _of_suite(body: cst.BaseSuite, outermost: cst.CSTNode, *, looped: bool) -> Iterator[Ending]:
    statements = tuple(simple_statements(body))
    if statements:
        yield from _of_statement(statements[-1], outermost, looped=looped)


def _of_statement(node: cst.CSTNode, outermost: cst.CSTNode, *, looped: bool) -> Iterator[Ending]:
    if isinstance(node, cst.Raise) or (isinstance(node, cst.Return) and node.value is not None):
        return
    if isinstance(node, cst.If):
        yield from _of_suite(node.body, outermost, looped=looped)
        if isinstance(node.orelse, cst.If):
            yield from _of_statement(node.orelse, outermost, looped=looped)
        elif node.orelse is not None:
            yield from _of_suite(node.orelse.body, outermost, looped=looped)
        else:
            yield Ending(node, outermost, looped, True)
    elif isinstance(node, cst.For):
        yield Ending(node, outermost, looped, True)
        yield from _of_suite(node.body, outermost, looped=True)
    elif isinstance(node, cst.With):
        yield from _of_suite(node.body, outermost, looped=looped)
    else:
        skipped = isinstance(node, (cst.While, cst.Try, cst.TryStar, cst.Match))
        yield Ending(node, outermost, looped, skipped)
