"""The facts of a file that is written for a later Python than the one that runs: libcst reads it where `ast` cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst
from libcst import matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

from nn_lint.project.extract import UNKNOWN, Bindings, bind
from nn_lint.project.facts import ClassFacts, FileFacts, InitStart, MethodFacts
from nn_lint.project.targets import names_from_inside

_Rows = dict[cst.CSTNode, tuple[int, int]]


def extract_newer(content: str, filename: str) -> FileFacts:
    """The facts of one file; how its constructors begin is not looked into, so every class is looked at closely."""
    wrapper = MetadataWrapper(cst.parse_module(content), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    rows = {node: (found.start.line, found.end.line) for node, found in positions.items()}
    collector = _Collector(rows)
    collector.visit(wrapper.module.body, (), in_function=False, local={})
    for name in names_from_inside(content):
        collector.bindings.setdefault(name, (UNKNOWN,))
    return FileFacts(filename, collector.bindings, tuple(collector.stars), tuple(collector.classes))


class _Collector:
    """Gathers bindings and classes while statements are walked."""

    def __init__(self, rows: _Rows) -> None:
        self.bindings: Bindings = {}
        self.stars: list[str] = []
        self.classes: list[ClassFacts] = []
        self._rows = rows

    def visit(self, body: Sequence[cst.CSTNode], scope: tuple[str, ...], *, in_function: bool, local: Bindings) -> None:
        for statement in _flat(body):
            into = self.bindings if not scope else local
            if isinstance(statement, cst.ClassDef):
                self._class(statement, scope, in_function=in_function, local=local)
            elif isinstance(statement, cst.FunctionDef):
                bind(into, statement.name.value, UNKNOWN)
                inner = (*scope, statement.name.value)
                self.visit(statement.body.body, inner, in_function=True, local=dict(local))
            elif not scope or in_function:
                self._bind(statement, into)

    def _class(self, node: cst.ClassDef, scope: tuple[str, ...], *, in_function: bool, local: Bindings) -> None:
        qualified = (*scope, node.name.value)
        if not scope or in_function:
            bind(self.bindings if not scope else local, node.name.value, ":" + ".".join(qualified))
        first, last = self._rows[node]
        metaclass = next((_dotted(item.value) for item in node.keywords if _keyword(item) == "metaclass"), None)
        self.classes.append(
            ClassFacts(
                name=node.name.value,
                scope=scope,
                in_function=in_function,
                first_row=first,
                row=self._rows[node.name][0],
                end_row=last,
                bases=tuple(UNKNOWN if item.star else _dotted(item.value) for item in node.bases),
                metaclass=metaclass,
                decorators=tuple(_dotted(item.decorator) for item in node.decorators),
                methods=tuple(self._method(item) for item in node.body.body if isinstance(item, cst.FunctionDef)),
                assigned=frozenset(_assigned(node.body.body)),
                bindings=local,
            )
        )
        self.visit(node.body.body, qualified, in_function=in_function, local=local)

    def _method(self, node: cst.FunctionDef) -> MethodFacts:
        names = [item.name.value for item in (*node.params.posonly_params, *node.params.params)]
        if isinstance(node.params.star_arg, cst.Param):
            names.append(f"*{node.params.star_arg.name.value}")
        decorators = tuple(_dotted(item.decorator) for item in node.decorators)
        row, end = self._rows[node.name][0], self._rows[node][1]
        return MethodFacts(node.name.value, row, end, tuple(names), decorators, InitStart.OTHER)

    def _bind(self, statement: cst.CSTNode, into: Bindings) -> None:
        if isinstance(statement, cst.Import):
            for alias in statement.names:
                name = _dotted(alias.name)
                bind(into, alias.evaluated_alias or name.split(".")[0], name if alias.asname else name.split(".")[0])
        elif isinstance(statement, cst.ImportFrom):
            self._import_from(statement, into)
        elif isinstance(statement, cst.Assign):
            value = _dotted(statement.value) if not isinstance(statement.value, (cst.Call, cst.Subscript)) else UNKNOWN
            for target in statement.targets:
                if isinstance(target.target, cst.Name):
                    bind(into, target.target.value, UNKNOWN if value == UNKNOWN else f"={value}")
        for name in _target_names(statement):
            bind(into, name, UNKNOWN)

    def _import_from(self, statement: cst.ImportFrom, into: Bindings) -> None:
        module = "" if statement.module is None else _dotted(statement.module)
        origin = "." * len(statement.relative) + module
        if isinstance(statement.names, cst.ImportStar):
            self.stars.append(origin)
            return
        for alias in statement.names:
            separator = "" if origin.endswith(".") or not origin else "."
            bind(into, alias.evaluated_alias or alias.evaluated_name, f"{origin}{separator}{alias.evaluated_name}")


def _flat(body: Sequence[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """The statements of a body and of the `if`, `try`, `with` and loops in it, in the order of the text."""
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
            continue
        yield statement
        if not isinstance(statement, (cst.ClassDef, cst.FunctionDef)):
            for child in statement.children:
                if isinstance(child, cst.BaseSuite):
                    yield from _flat(child.body)
                elif isinstance(child, (cst.If, cst.Else, cst.ExceptHandler, cst.Finally)):
                    yield from _flat([child])


def _target_names(statement: cst.CSTNode) -> Iterator[str]:
    """The names of targets that are no plain assignments."""
    targets: list[cst.CSTNode] = []
    if isinstance(statement, cst.Assign):
        targets = [item.target for item in statement.targets if not isinstance(item.target, cst.Name)]
    elif isinstance(statement, cst.For):
        targets = [statement.target]
    elif isinstance(statement, cst.With):
        targets = [item.asname.name for item in statement.items if item.asname is not None]
    elif isinstance(statement, (cst.Try, cst.TryStar)):
        targets = [item.name.name for item in statement.handlers if item.name is not None]
    elif isinstance(statement, cst.Match):
        captures = (node for case in statement.cases for node in m.findall(case.pattern, _CAPTURES))
        targets = [node for capture in captures for node in (*_field(capture, "name"), *_field(capture, "rest"))]
    for target in targets:
        yield from _names(target)


_CAPTURES = m.MatchAs() | m.MatchStar() | m.MatchMapping()


def _field(node: cst.CSTNode, name: str) -> Iterator[cst.CSTNode]:
    value = getattr(node, name, None)
    if isinstance(value, cst.CSTNode):
        yield value


def _names(target: cst.CSTNode) -> Iterator[str]:
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, (cst.Tuple, cst.List)):
        yield from (name for element in target.elements for name in _names(element.value))


def _assigned(body: Sequence[cst.CSTNode]) -> Iterator[str]:
    for statement in _flat(body):
        if isinstance(statement, cst.Assign):
            yield from (item.target.value for item in statement.targets if isinstance(item.target, cst.Name))
        elif isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name):
            yield statement.target.value


def _keyword(item: cst.Arg) -> str | None:
    return item.keyword.value if item.keyword is not None else None


def _dotted(node: cst.BaseExpression) -> str:
    """`a.b.c` for a name or attribute chain, through subscripts and calls of decorators; `?` for anything else."""
    if isinstance(node, cst.Subscript):
        return _dotted(node.value)
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        value = _dotted(node.value)
        return UNKNOWN if value == UNKNOWN else f"{value}.{node.attr.value}"
    return UNKNOWN
