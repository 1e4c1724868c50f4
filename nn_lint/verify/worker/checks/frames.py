"""Whether the lines that a value comes through could have kept it, had something else been asked for."""

from __future__ import annotations

import ast
from typing import List, Optional, Union

from .operations import Frame

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


def drops_nothing_else(tree: ast.Module, frames: List[Frame]) -> bool:
    """Whether the functions that run a layer, innermost first, decide nothing after it and throw nothing away on
    purpose: then its result is lost under every setting."""
    functions = [(row, enclosing(tree, row)) for row, _ in frames]
    if functions and functions[0][1] is not None and is_lost_at_once(functions[0][1], functions[0][0]):
        return True
    return all(function is not None and is_straight(function, row) for row, function in functions)


def is_bare(tree: ast.Module, frames: List[Frame]) -> bool:
    """Whether the lines run under every setting: none stands below a decision of its function."""
    return bool(frames) and not any(
        isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Try, ast.BoolOp)) and node.lineno <= row <= last_row(node)
        for row, _ in frames
        for node in ast.walk(enclosing(tree, row) or tree)
    )


def enclosing(tree: ast.Module, row: int) -> Optional[Function]:
    """The innermost function that covers a row."""
    found: Optional[Function] = None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= row <= (node.end_lineno or 0):
            found = node if found is None or node.lineno >= found.lineno else found
    return found


def is_straight(function: Function, row: int) -> bool:
    """Whether a function has no decision at or after a row, no `if` that returns, and keeps what the row gives."""
    for node in ast.walk(function):
        decides = isinstance(node, (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.While, ast.Yield, ast.Lambda))
        if decides and last_row(node) >= row:
            return False
        if isinstance(node, ast.If) and any(isinstance(each, ast.Return) for each in ast.walk(node)):
            return False
        covers = isinstance(node, ast.stmt) and node.lineno <= row <= (node.end_lineno or 0)
        if covers and isinstance(node, (ast.Assign, ast.Return)) and throws_away(node):
            return False
    return True


def last_row(node: ast.AST) -> int:
    """The row that a node ends in."""
    return getattr(node, "end_lineno", None) or 0


def is_lost_at_once(function: Function, row: int) -> bool:
    """Whether the line only evaluates, or stores under a name that the function never reads."""
    read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in ast.walk(function):
        if isinstance(node, (ast.Expr, ast.Assign)) and node.lineno <= row <= last_row(node):
            names = [each.id for each in getattr(node, "targets", []) if isinstance(each, ast.Name)]
            kept = getattr(node, "targets", [])
            return (
                isinstance(node.value, ast.Call)
                and len(names) == len(kept)
                and not any(name in read or name.startswith("_") for name in names)
            )
    return False


def throws_away(statement: Union[ast.Assign, ast.Return]) -> bool:
    """Whether a statement picks from what it is given: `out, _ = f(x)`, `f(x)[0]`."""
    names = [
        node.id
        for target in getattr(statement, "targets", [])
        for node in ast.walk(target)
        if isinstance(node, ast.Name)
    ]
    value = statement.value
    return any(name.startswith("_") for name in names) or (
        value is not None and any(isinstance(node, ast.Subscript) for node in ast.walk(value))
    )
