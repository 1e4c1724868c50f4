"""Statements and names: which names a statement binds, which it needs at once, and which later."""

from __future__ import annotations

import ast
import io
import symtable
from typing import FrozenSet, Iterator, List, Set, Tuple

IMMEDIATE_SCOPES = {"listcomp", "setcomp", "dictcomp", "genexpr", "lambda"}


def rows_of(text: str) -> List[str]:
    """The rows of a text with their ends, as Python counts them: neither a form feed nor U+2028 ends one."""
    return list(io.StringIO(text, newline=None))


def statements_in(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below a node, those of inner functions and classes too; expressions are not walked."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, name, ()):
            if isinstance(node, ast.stmt):
                yield node
            yield from statements_in(node)


def stored_in(node: ast.AST) -> Set[str]:
    """Every name that a statement may bind in the scope that it stands in."""
    found: Set[str] = set()
    waiting: List[ast.AST] = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(inner.name)
        elif isinstance(inner, ast.comprehension):
            waiting.extend([inner.iter, *inner.ifs])
        elif not isinstance(inner, ast.Lambda):
            if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
                found.add(inner.id)
            elif isinstance(inner, ast.alias):
                found.add(bound_by(inner))
            elif isinstance(inner, ast.ExceptHandler) and inner.name:
                found.add(inner.name)
            waiting.extend(ast.iter_child_nodes(inner))
    return found


def segment_of(node: ast.stmt, lines: List[str]) -> str:
    """The lines of a statement, decorators included."""
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return "".join(lines[first - 1 : node.end_lineno])


def split_import(node: ast.stmt) -> Iterator[ast.stmt]:
    """One import statement a name: asking for one name must not load what the others need."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield ast.copy_location(ast.Import([alias]), node)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node)
    else:
        yield node


def bound_by(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def is_main_part(node: ast.AST) -> bool:
    """Whether this is `if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test)
    )


def names_needed(node: ast.stmt, segment: str, path: str) -> Tuple[FrozenSet[str], FrozenSet[str]]:
    """Names that a statement needs to run, and those that it needs when what it defines is called."""
    try:
        scope = symtable.symtable(segment, path, "exec")
    except (
        SyntaxError
    ):  # cut out of its lines it may not stand alone (two statements on one line); every name then counts
        return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name)), frozenset()
    now = {name.get_name() for name in scope.get_symbols() if name.is_referenced()}
    later: Set[str] = set()
    is_definition = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    for child in scope.get_children():
        collect_globals(child, now, later if is_definition else now)
    return frozenset(now), frozenset(later)


def changed_by(node: ast.stmt) -> Iterator[str]:
    """Names whose value an assignment changes from inside: `DEFAULTS["depth"] = 3`."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    for target in targets:
        inner: ast.expr = target
        while isinstance(inner, ast.Subscript):
            inner = inner.value
        if inner is not target and isinstance(inner, ast.Name):
            yield inner.id


def entered_in(node: ast.stmt) -> Iterator[str]:
    """Names of registries that a statement enters something in: `LAYERS.update(...)`, `@LAYERS.register("conv")`."""
    calls = [node.value] if isinstance(node, ast.Expr) else getattr(node, "decorator_list", [])
    for call in calls:
        inner = call.func if isinstance(call, ast.Call) else call
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            yield inner.value.id


def collect_globals(scope: symtable.SymbolTable, now: Set[str], later: Set[str]) -> None:
    """Add the module-level names that a scope reads: at once in class bodies and comprehensions, else when called."""
    is_function = str(scope.get_type()).endswith("function") and scope.get_name() not in IMMEDIATE_SCOPES
    sink = later if is_function else now
    for name in scope.get_symbols():
        if name.is_global() and name.is_referenced():
            sink.add(name.get_name())
    for child in scope.get_children():
        collect_globals(child, sink, later)
