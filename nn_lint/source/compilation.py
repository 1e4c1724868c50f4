"""What CPython's compiler refuses though its parser does not: a `return` outside of a function and its like."""

from __future__ import annotations

import ast

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def may_not_compile(tree: ast.Module) -> bool:
    """Whether some statement stands where it cannot, or a function has two parameters of one name.

    To compile every file would take as long as to parse it; these few questions are asked of statements alone.
    """
    pending: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while pending:
        node, in_function, in_loop = pending.pop()
        if isinstance(node, ast.Return) and not in_function:
            return True
        if isinstance(node, (ast.Break, ast.Continue)) and not in_loop:
            return True
        if isinstance(node, _FUNCTIONS):
            if _repeats_a_parameter(node.args):
                return True
            in_function, in_loop = True, False
        elif isinstance(node, ast.ClassDef):
            in_function = in_loop = False
        for name in _BLOCKS:
            inside = in_loop or (isinstance(node, _LOOPS) and name == "body")
            inner = getattr(node, name, ())
            pending.extend((item, in_function, inside) for item in (inner if isinstance(inner, list) else ()))
    return False


def _repeats_a_parameter(arguments: ast.arguments) -> bool:
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(set(names)) < len(names)
