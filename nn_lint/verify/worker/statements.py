"""A module's text as a table of top-level statements: the names that each binds, and those that it needs."""

from __future__ import annotations

import ast
import symtable
from dataclasses import dataclass, field
from typing import Dict, FrozenSet, Iterator, List, Set, Tuple

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
IMMEDIATE_SCOPES = {"listcomp", "setcomp", "dictcomp", "genexpr", "lambda"}


@dataclass
class Statement:
    """One top-level statement. `now` are the names that running it needs, `later` those that calls of what it
    defines need."""

    node: ast.stmt
    binds: FrozenSet[str]
    now: FrozenSet[str]
    later: FrozenSet[str]
    done: bool = False


@dataclass
class Table:
    """The statements of a module that bind names or fill what it binds; loops, other expressions and the `__main__`
    part are not among them."""

    tree: ast.Module
    binding: Dict[str, List[Statement]] = field(default_factory=dict)
    stars: List[ast.ImportFrom] = field(default_factory=list)
    stored: Set[str] = field(default_factory=set)
    functions: List[ast.FunctionDef] = field(default_factory=list)
    lines: List[str] = field(default_factory=list)
    is_open: bool = False  # whether it writes names that cannot be read off

    def mentions(self, name: str, node: ast.stmt) -> bool:
        """Whether the text of a statement has a name in it: a cheap look before a walk."""
        return any(name in line for line in self.lines[node.lineno - 1 : node.end_lineno])

    def could_bind(self, name: str) -> bool:
        """Whether anything in the text may bind the name at module level."""
        return bool(self.stars) or self.is_open or name in self.stored


def read_table(text: str, path: str) -> Table:
    """The table of a module's text; raises SyntaxError where Python refuses it."""
    tree = ast.parse(text, path)
    lines = text.splitlines(keepends=True)
    table = Table(tree, lines=lines)
    entries: List[Tuple[str, Statement]] = []
    for node in tree.body:
        for part in split_import(node):
            if isinstance(part, ast.ImportFrom) and part.names[0].name == "*":
                table.stars.append(part)
            elif isinstance(part, (*BINDING, ast.Expr)) and not is_main_part(part):
                statement = read_statement(part, lines, path)
                entries.extend((name, statement) for name in entered_in(part))
                for name in statement.binds if isinstance(part, BINDING) else ():
                    table.binding.setdefault(name, []).append(statement)
    for name, statement in entries:
        if any(isinstance(bound.node, (ast.Assign, ast.AnnAssign)) for bound in table.binding.get(name, ())):
            table.binding[name].append(statement)
    note_names(table)
    return table


def note_names(table: Table) -> None:
    """Enter the functions of the text, and every name that it may bind at module level, `global` included."""
    for inner in ast.walk(table.tree):
        if isinstance(inner, ast.FunctionDef):
            table.functions.append(inner)
        elif isinstance(inner, ast.Global):
            table.stored.update(inner.names)
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in WRITERS:
            table.is_open = True
    waiting: List[ast.AST] = list(table.tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            table.stored.add(node.name)
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            table.stored.add(node.id)
        elif isinstance(node, ast.alias):
            table.stored.add(bound_by(node))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            table.stored.add(node.name)
        waiting.extend(ast.iter_child_nodes(node))


def read_statement(node: ast.stmt, lines: List[str], path: str) -> Statement:
    """One statement with the names that it binds and needs."""
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    segment = "".join(lines[first - 1 : node.end_lineno])
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return Statement(node, frozenset(bound_by(alias) for alias in node.names), frozenset(), frozenset())
    binds, now, later = names_of(node, segment, path)
    return Statement(node, binds, now - binds if isinstance(node, ast.ClassDef) else now, later)


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


def names_of(node: ast.stmt, segment: str, path: str) -> Tuple[FrozenSet[str], FrozenSet[str], FrozenSet[str]]:
    """Names that a statement binds, needs to run, and needs when what it defines is called."""
    try:
        scope = symtable.symtable(segment, path, "exec")
    except (
        SyntaxError
    ):  # cut out of its lines it may not stand alone (two statements on one line); every name then counts
        used = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        return used, used, frozenset()
    binds = {name.get_name() for name in scope.get_symbols() if name.is_assigned() or name.is_imported()}
    binds.update(child.get_name() for child in scope.get_children() if child.get_type() in ("class", "function"))
    binds.update(changed_by(node))
    now = {name.get_name() for name in scope.get_symbols() if name.is_referenced()}
    later: Set[str] = set()
    is_definition = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    for child in scope.get_children():
        collect_globals(child, now, later if is_definition else now)
    return frozenset(binds), frozenset(now), frozenset(later)


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
