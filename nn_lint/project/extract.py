"""From CPython's tree of a file to its facts: statements are walked, expressions are not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from nn_lint.project.facts import ClassFacts, FileFacts, InitStart, MethodFacts
from nn_lint.project.targets import names_from_inside, target_names

UNKNOWN = "?"
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_NESTED_CLASS = re.compile(r"^[ \t\f]+class\b", re.MULTILINE)
Bindings = dict[str, tuple[str, ...]]


def extract(tree: ast.Module, text: str, filename: str) -> FileFacts:
    """The facts of one file."""
    collector = _Collector(deep=bool(_NESTED_CLASS.search(text.replace("\r", "\n"))))
    collector.visit_body(tree.body, (), False, {})
    for name in names_from_inside(text):
        collector.bindings.setdefault(name, (UNKNOWN,))
    return FileFacts(filename, collector.bindings, tuple(collector.stars), tuple(collector.classes))


def dotted(node: ast.expr | None) -> str:
    """`a.b.c` for a name or attribute chain, through subscripts; `?` for anything else."""
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        value = dotted(node.value)
        return UNKNOWN if value == UNKNOWN else f"{value}.{node.attr}"
    return UNKNOWN


class _Collector:
    """Gathers bindings and classes while the statements of a file are walked."""

    def __init__(self, *, deep: bool) -> None:
        self.bindings: Bindings = {}
        self.stars: list[str] = []
        self.classes: list[ClassFacts] = []
        self._deep = deep

    def visit_body(self, body: list[ast.stmt], scope: tuple[str, ...], in_function: bool, local: Bindings) -> None:
        for statement in _flat(body):
            if isinstance(statement, ast.ClassDef):
                self._class(statement, scope, in_function, local)
            elif isinstance(statement, _Function):
                if not scope:
                    bind(self.bindings, statement.name, UNKNOWN)
                if self._deep:
                    inner = dict(local)
                    self.visit_body(statement.body, (*scope, statement.name), True, inner)
            elif not scope or in_function:
                self._bindings(statement, self.bindings if not scope else local)

    def _class(self, node: ast.ClassDef, scope: tuple[str, ...], in_function: bool, local: Bindings) -> None:
        if not scope:
            bind(self.bindings, node.name, f":{node.name}")
        elif in_function:
            bind(local, node.name, ":" + ".".join((*scope, node.name)))
        first_row = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        methods = tuple(_method(node.name, item) for item in node.body if isinstance(item, _Function))
        metaclass = next((dotted(word.value) for word in node.keywords if word.arg == "metaclass"), None)
        self.classes.append(
            ClassFacts(
                name=node.name,
                scope=scope,
                in_function=in_function,
                first_row=first_row,
                row=node.lineno,
                end_row=node.end_lineno or node.lineno,
                bases=tuple(dotted(base) for base in node.bases),
                metaclass=metaclass,
                decorators=tuple(_decorator(item) for item in node.decorator_list),
                methods=methods,
                assigned=frozenset(_assigned(node.body)),
                bindings=local,
            )
        )
        if self._deep:
            self.visit_body(node.body, (*scope, node.name), in_function, local)

    def _bindings(self, statement: ast.stmt, into: Bindings) -> None:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                name = alias.asname or alias.name.split(".")[0]
                bind(into, name, alias.name if alias.asname else name)
        elif isinstance(statement, ast.ImportFrom):
            origin = "." * statement.level + (statement.module or "")
            for alias in statement.names:
                if alias.name == "*":
                    self.stars.append(origin)
                else:
                    separator = "" if origin.endswith(".") or not origin else "."
                    bind(into, alias.asname or alias.name, f"{origin}{separator}{alias.name}")
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    bind(into, target.id, _origin(statement.value))
        for name in target_names(statement):
            bind(into, name, UNKNOWN)


def _origin(value: ast.expr | None) -> str:
    """What an assigned name stands for: `=Name` for an alias that is to be resolved again."""
    name = dotted(value) if isinstance(value, (ast.Name, ast.Attribute)) else UNKNOWN
    if isinstance(value, ast.Constant) and value.value is None:
        return "=None"
    return UNKNOWN if name == UNKNOWN else f"={name}"


def bind(bindings: Bindings, name: str, origin: str) -> None:
    """Let a name stand for one origin more."""
    known = bindings.get(name, ())
    if origin not in known:
        bindings[name] = (*known, origin)


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body and of the `if`, `try`, `with` and loops in it, in the order of the text."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.ClassDef, *_Function)):
            continue
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            for inner in getattr(statement, field, ()):
                yield from _flat([inner]) if isinstance(inner, ast.stmt) else _flat(inner.body)


def _method(class_name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> MethodFacts:
    arguments = node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        names.append(f"*{arguments.vararg.arg}")
    decorators = tuple(_decorator(item) for item in node.decorator_list)
    start = InitStart.OTHER
    if node.name == "__init__" and names[:1] == ["self"] and not decorators:
        start = _start(class_name, node.body)
    end = node.end_lineno or node.lineno
    return MethodFacts(node.name, node.lineno, end, tuple(names), decorators, start, _falls_off(node.body))


def _falls_off(body: list[ast.stmt]) -> bool:
    """Whether the end of a block may be reached; loops are taken to end, and a `return` of nothing counts as an end."""
    last = body[-1]
    if isinstance(last, ast.Return):
        return last.value is None
    if isinstance(last, ast.If):
        return not last.orelse or _falls_off(last.body) or _falls_off(last.orelse)
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return _falls_off(last.body)
    return not isinstance(last, ast.Raise)


def _decorator(node: ast.expr) -> str:
    return dotted(node.func if isinstance(node, ast.Call) else node)


def _start(class_name: str, body: list[ast.stmt]) -> InitStart:
    """Whether the parent's call comes before every statement that uses `self` or returns."""
    for statement in body:
        call = _parent_init(class_name, statement)
        if call is not None:
            handed_on = [*call.args, *(word.value for word in call.keywords)]
            if any(_mentions_self_or_returns(argument) for argument in handed_on):
                return InitStart.OTHER
            return InitStart.ARGUMENTS if handed_on else InitStart.PLAIN
        if _mentions_self_or_returns(statement):
            return InitStart.OTHER
    return InitStart.OTHER


def _parent_init(class_name: str, statement: ast.stmt) -> ast.Call | None:
    """The call in `super().__init__(...)` or `super(Net, self).__init__(...)` as a statement of its own."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"):
        return None
    parent = call.func.value
    if not (isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "super"):
        return None
    return call if [dotted(argument) for argument in parent.args] in ([], [class_name, "self"]) else None


def _mentions_self_or_returns(node: ast.AST) -> bool:
    return any(
        isinstance(item, ast.Return) or (isinstance(item, ast.Name) and item.id == "self") for item in ast.walk(node)
    )


def _assigned(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Names that a class body binds by assignment or import, at any depth of `if` and `try`."""
    for statement in _flat(body):
        if isinstance(statement, ast.Assign):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))
            yield from target_names(statement)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in statement.names)
