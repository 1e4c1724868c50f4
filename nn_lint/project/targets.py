"""The names that a statement binds without giving them an origin: unpacking, loops, `with`, handlers, patterns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_FROM_INSIDE = re.compile(r"\bglobal[ \t]+([\w, \t]+)|\bbuiltins\.(\w+)[ \t]*=(?!=)|\b(\w+)[ \t]*:=")


def target_names(statement: ast.stmt) -> Iterator[str]:
    """The names of targets that are no plain assignments; `with` binds what stands behind `as`."""
    if isinstance(statement, ast.Assign):
        yield from (name for target in statement.targets if not _is_name(target) for name in _names(target))
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        yield from _names(statement.target)
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        yield from (name for item in statement.items for name in _names(item.optional_vars))
    elif isinstance(statement, (ast.Try, ast.TryStar)):
        yield from (handler.name for handler in statement.handlers if handler.name is not None)
    elif isinstance(statement, ast.Match):
        yield from (name for case in statement.cases for name in _captures(case.pattern))


def names_from_inside(text: str) -> Iterator[str]:
    """Names of the module that its functions or expressions bind: `global x`, `builtins.x = ...`, `x := ...`."""
    for found in _FROM_INSIDE.finditer(text):
        yield from re.findall(r"\w+", found[1] or found[2] or found[3])


def _names(target: ast.expr | None) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Starred):
        yield from _names(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        yield from (name for element in target.elts for name in _names(element))


def _captures(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        name = node.rest if isinstance(node, ast.MatchMapping) else getattr(node, "name", None)
        if isinstance(name, str):
            yield name


def _is_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name)
