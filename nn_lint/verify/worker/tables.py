"""A module's text as a table of top-level statements, and the tables that were read before."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Dict, FrozenSet, List, Tuple

from .statements import (
    changed_by,
    entered_in,
    is_main_part,
    names_needed,
    rows_of,
    segment_of,
    split_import,
    statements_in,
    stored_in,
)

BINDING = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.If,
    ast.Try,
    ast.With,
)
WRITERS = {"globals", "vars", "exec"}
_WRITES = re.compile(r"\b(?:globals|vars|exec)\s*\(")
MOST_KEPT = 6_000_000  # characters of text; a tree takes some forty times as many bytes


@dataclass(eq=False)
class Statement:
    """One top-level statement and the names that it binds. What it needs is looked up when it is about to run."""

    node: ast.stmt
    binds: FrozenSet[str]
    lines: List[str]
    path: str

    @property
    def now(self) -> FrozenSet[str]:
        """The names that running it needs."""
        return self.needs[0]

    @property
    def later(self) -> FrozenSet[str]:
        """The names that calls of what it defines need."""
        return self.needs[1]

    @cached_property
    def needs(self) -> Tuple[FrozenSet[str], FrozenSet[str]]:
        """Names needed at once, and later."""
        if isinstance(self.node, (ast.Import, ast.ImportFrom)):
            return frozenset(), frozenset()
        now, later = names_needed(self.node, segment_of(self.node, self.lines), self.path)
        return now - self.binds if isinstance(self.node, ast.ClassDef) else now, later


@dataclass(eq=False)
class Table:
    """The statements of a module that bind names or fill what it binds; loops, other expressions and the `__main__`
    part are not among them. Nothing in it changes with what has run, so that one table serves many processes."""

    tree: ast.Module
    text: str
    lines: List[str]
    binding: Dict[str, List[Statement]] = field(default_factory=dict)
    stars: List[ast.ImportFrom] = field(default_factory=list)

    def mentions(self, name: str, node: ast.stmt) -> bool:
        """Whether the text of a statement has a name in it: a cheap look before a walk."""
        return any(name in line for line in self.lines[node.lineno - 1 : node.end_lineno])

    def could_bind(self, name: str) -> bool:
        """Whether anything in the text may bind the name at module level."""
        return bool(self.stars) or self.is_open or name in self.stored

    @cached_property
    def inner(self) -> List[ast.stmt]:
        """Every function and every `global` of the text, however deep."""
        return [node for node in statements_in(self.tree) if isinstance(node, (ast.FunctionDef, ast.Global))]

    @cached_property
    def functions(self) -> List[ast.FunctionDef]:
        """Every function and method of the text."""
        return [node for node in self.inner if isinstance(node, ast.FunctionDef)]

    @cached_property
    def stored(self) -> FrozenSet[str]:
        """Every name that the text may bind at module level, `global` included."""
        written = (name for node in self.inner if isinstance(node, ast.Global) for name in node.names)
        return frozenset(written).union(*(stored_in(node) for node in self.tree.body))

    @cached_property
    def is_open(self) -> bool:
        """Whether it writes names that cannot be read off."""
        return _WRITES.search(self.text) is not None and any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITERS
            for node in ast.walk(self.tree)
        )

    def complete(self) -> Table:
        """The same table, with everything looked up that would be otherwise when it is asked for."""
        for statements in self.binding.values():
            for statement in statements:
                statement.needs  # noqa: B018
        self.stored, self.functions, self.is_open  # noqa: B018
        return self


def read_table(text: str, path: str) -> Table:
    """The table of a module's text; raises SyntaxError where Python refuses it."""
    lines = rows_of(text)
    table = Table(ast.parse(text, path), text, lines)
    entries: List[Tuple[str, Statement]] = []
    for node in table.tree.body:
        for part in split_import(node):
            if isinstance(part, ast.ImportFrom) and part.names[0].name == "*":
                table.stars.append(part)
            elif isinstance(part, (*BINDING, ast.Expr)) and not is_main_part(part):
                statement = Statement(part, frozenset((*stored_in(part), *changed_by(part))), lines, path)
                entries.extend((name, statement) for name in entered_in(part))
                for name in statement.binds if isinstance(part, BINDING) else ():
                    table.binding.setdefault(name, []).append(statement)
    for name, statement in entries:
        registries = (ast.Assign, ast.AnnAssign, ast.ClassDef)
        if any(isinstance(bound.node, registries) for bound in table.binding.get(name, ())):
            table.binding[name].append(statement)
    return table


class Kept:
    """The tables of the files that were read last, by path. A file that has changed is read anew."""

    def __init__(self) -> None:
        self.tables: Dict[str, Table] = {}
        self.missed: List[str] = []

    def table(self, text: str, path: str) -> Table:
        """The table of a file, noted as missed where it had to be read."""
        known = self.tables.get(path)
        if known is not None and known.text == text:
            return known
        self.missed.append(path)
        return read_table(text, path)

    def keep(self, text: str, path: str) -> None:
        """Read a file ahead of its use, and drop the oldest where there are too many."""
        self.tables.pop(path, None)
        self.tables[path] = read_table(text, path).complete()
        size = sum(len(table.text) for table in self.tables.values())
        while size > MOST_KEPT and len(self.tables) > 1:
            oldest = next(iter(self.tables))
            size -= len(self.tables.pop(oldest).text)


KEPT = Kept()
