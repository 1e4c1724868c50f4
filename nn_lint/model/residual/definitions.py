"""Functions and classes of the project as CPython's tree has them: what a call in a constructor leads to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nn_lint.model.residual.scripts import Function
from nn_lint.project.files import ProjectFile, ProjectFiles

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_DEPTH = 6


def constructor_of(cls: ModuleClass) -> Function | None:
    """The class's own `__init__`; the last definition counts."""
    node = class_node(cls)
    found = [item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))] if node else []
    return next((item for item in reversed(found) if item.name == "__init__"), None)


def class_node(cls: ModuleClass) -> ast.ClassDef | None:
    """The class in CPython's tree of its file."""
    tree, row = cls.definition.file.text.tree, cls.facts.row
    body: Sequence[ast.stmt] = tree.body if tree is not None else ()
    while body:
        around = next((item for item in body if item.lineno <= row <= (item.end_lineno or item.lineno)), None)
        if isinstance(around, ast.ClassDef) and around.lineno == row:
            return around
        body = tuple(_statements(around)) if around is not None else ()
    return None


def find_function(
    name: str, file: ProjectFile, files: ProjectFiles, depth: int = _DEPTH
) -> tuple[ast.FunctionDef, ProjectFile] | None:
    """The function of the project that a bare name stands for at the top of a file, through imports."""
    tree = file.text.tree
    if tree is None or depth == 0:
        return None
    here = [item for item in _top(tree.body) if isinstance(item, ast.FunctionDef) and item.name == name]
    if here:
        return (here[0], file) if len(here) == 1 else None
    for origin in file.facts.bindings.get(name, ()):
        if not origin.startswith(("=", ":", "?")):
            located = files.locate(origin, file)
            if located is not None and len(located[1]) == 1:
                return find_function(located[1][0], located[0], files, depth - 1)
    return None


def _top(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those of its conditions too."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.If, ast.Try)):
            yield from _top(tuple(_statements(statement)))


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statements below one, those of all its branches."""
    for item in ast.iter_child_nodes(node):
        if isinstance(item, ast.stmt):
            yield item
        elif isinstance(item, (ast.ExceptHandler, ast.match_case)):
            yield from item.body
