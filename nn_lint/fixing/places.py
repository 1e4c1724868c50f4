"""Where a value of a forward stands in the text: which names hold it at a place, and which expression makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from nn_lint.model.expressions import Flow
from nn_lint.model.method import Method, bound_names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.syntax import children, self_attribute, simple_statements, walk
from nn_lint.model.values import Value

Names = dict[str, Value]
_HIGHER = (cst.Attribute, cst.Subscript, cst.UnaryOperation, cst.Await)
_TIGHT = (cst.Multiply, cst.MatrixMultiply, cst.Divide, cst.FloorDivide, cst.Modulo, cst.Power, cst.Subtract)
_LOOSE = (cst.IfExp, cst.Lambda, cst.BooleanOperation, cst.Comparison, cst.NamedExpr, cst.Yield)


@dataclass(frozen=True, slots=True)
class Site:
    """A value in the text. `name`: what holds it after `statement`; `node`: the expression that makes it."""

    statement: cst.CSTNode
    name: str | None
    node: cst.BaseExpression | None

    @property
    def is_assigned(self) -> bool:
        """`x = node`, and nothing else in the statement."""
        statement = self.statement
        return isinstance(statement, cst.Assign) and len(statement.targets) == 1 and statement.value is self.node


class Body:
    """The statements of one method in order, and what names hold before and after each."""

    def __init__(self, method: Method, flow: Flow, names: Names) -> None:
        self.method = method
        self._flow = flow
        self._before: dict[cst.CSTNode, Names] = {}
        self._after: dict[cst.CSTNode, Names] = {}
        self._bound: dict[cst.CSTNode, list[tuple[str, Value]]] = {}
        for name, statement, value in flow.bound:
            self._bound.setdefault(statement, []).append((name, value))
        self._run(method.node.body, dict(names))

    def holding(self, value: Value, statement: cst.CSTNode, *, after: bool) -> list[str]:
        """The names that hold a value before or after a statement."""
        names = (self._after if after else self._before).get(statement, {})
        return [name for name, held in names.items() if held is value]

    def held(self, statement: cst.CSTNode, *, after: bool) -> Names:
        """What names hold before or after a statement."""
        return (self._after if after else self._before).get(statement, {})

    def site(self, value: Value) -> Site | None:
        """The first place at which a value can be had: under a name, or as an expression."""
        node, around = next(self._expressions(value), (None, None))
        for statement, names in self._after.items():
            fresh = [
                name for name, held in names.items() if held is value and self._before[statement].get(name) is not value
            ]
            if fresh:
                return Site(statement, fresh[0], node if around is statement else None)
            if around is statement and node is not None:
                return Site(statement, None, node)
        return None

    def first_use(self, values: Sequence[Value]) -> cst.CSTNode | None:
        """The first statement that makes any of some values."""
        made = set(values)
        return next(
            (
                statement
                for statement in self._before
                if any(self._flow.made.get(node) in made for node in _own(statement))
                or any(value in made for _, value in self._bound.get(statement, ()))
            ),
            None,
        )

    def outermost(self, statement: cst.CSTNode, other: cst.CSTNode) -> cst.CSTNode:
        """The statement, or the compound one around it that does not hold the other one."""
        around = [item for item in self._before if statement in set(walk(item)) and other not in set(walk(item))]
        return around[0] if around else statement

    def around(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The statement that an expression stands in, or that it is."""
        return next((statement for statement in self._before if node in set(_own(statement))), None)

    def read(self, name: str) -> bool:
        """Whether a name is read anywhere in the method."""
        return any(node.value == name for node in self.reads(self.method.node.body))

    def reads(self, node: cst.CSTNode) -> Iterator[cst.Name]:
        """The names that a part of the method reads."""
        found = (item for item in walk(node, cst.Name) if item in self._flow.made)
        return (item for item in found if isinstance(item, cst.Name))

    def last_binding(self, name: str, statement: cst.CSTNode, accepts: Callable[[Value], bool]) -> cst.CSTNode | None:
        """The last place, a statement or one of its block behind it, at which a name gets a value that is accepted."""
        order = list(self._before)
        later = [item for item in order[order.index(statement) :] if self.outermost(item, statement) is item]
        held = self._after[statement].get(name)
        found = statement if held is not None and accepts(held) else None
        for item in later:
            bound = [value for inner in walk(item) for key, value in self._bound.get(inner, ()) if key == name]
            if bound and all(map(accepts, bound)):
                found = item
        return found

    def _expressions(self, value: Value) -> Iterator[tuple[cst.BaseExpression, cst.CSTNode]]:
        """The expressions that make a value, outermost first, with their simple statements."""
        for statement in self._before:
            for node in _own(statement):
                if (
                    isinstance(node, cst.BaseExpression)
                    and not isinstance(node, cst.Name)
                    and self._flow.made.get(node) is value
                ):
                    yield node, statement

    def _run(self, body: cst.BaseSuite, names: Names) -> Names:
        statements = list(simple_statements(body))
        for index, statement in enumerate(statements):
            self._before[statement] = dict(names)
            self._after[statement] = names
            suites = list(_suites(statement))
            if isinstance(statement, cst.With):
                names = self._run(statement.body, dict(names))
            elif suites:
                names = self._merged(statement, suites, statements[index + 1 :], names)
            else:
                names = {**names, **dict(self._bound.get(statement, ()))}
            self._after[statement] = names
        return names

    def _merged(
        self, statement: cst.CSTNode, suites: list[cst.BaseSuite], later: Sequence[cst.CSTNode], names: Names
    ) -> Names:
        """What names hold behind a branch or loop: those bound inside hold what the next statements read of them."""
        bound = set(bound_names(statement))
        loops = isinstance(statement, (cst.For, cst.While))
        for suite in suites:
            self._run(suite, {name: value for name, value in names.items() if not (loops and name in bound)})
        kept = {name: value for name, value in names.items() if name not in bound}
        read = {name: value for name in bound if (value := self._read(name, later)) is not None}
        return {**kept, **read}

    def _read(self, name: str, later: Sequence[cst.CSTNode]) -> Value | None:
        for statement in later:
            for node in walk(statement, cst.Name, into_scopes=False):
                if isinstance(node, cst.Name) and node.value == name and node in self._flow.made:
                    return self._flow.made[node]
            if name in set(bound_names(statement)):
                return None
        return None


def bodies(cls: ModuleClass) -> Iterator[Body]:
    """The forward of a class, and those of its methods that run once in it."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None:
        return
    yield Body(forward, flow, {value.name: value for value in flow.inputs})
    for method in cls.methods:
        calls = [
            node
            for node in walk(cls.syntax.node, cst.Attribute)
            if self_attribute(node, forward.receiver) == method.name
        ]
        if method is not forward and method.name != "__init__" and len(calls) == 1:
            body = Body(method, flow, {})
            given = {
                item.name: body._read(item.name, list(simple_statements(method.node.body)))
                for item in method.parameters
            }
            yield Body(method, flow, {name: value for name, value in given.items() if value is not None})


def is_loose(node: cst.BaseExpression) -> bool:
    """Whether an expression must stand in parentheses to be an operand of a sum."""
    return isinstance(node, _LOOSE) and not node.lpar


def needs_parentheses(node: cst.BaseExpression, statement: cst.CSTNode) -> bool:
    """Whether a sum in the place of an expression must stand in parentheses."""
    for parent in walk(statement):
        if node in children(parent):
            if isinstance(parent, cst.BinaryOperation):
                return isinstance(parent.operator, _TIGHT)
            return isinstance(parent, _HIGHER) or (isinstance(parent, cst.Call) and parent.func is node)
    return False


def _own(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes of a simple statement, or of the header of a compound one; nested functions are passed over."""
    suites = set(_suites(statement))
    pending = [statement]
    while pending:
        current = pending.pop()
        yield current
        if current is statement or not isinstance(current, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
            pending.extend(child for child in reversed(children(current)) if child not in suites)


def _suites(statement: cst.CSTNode) -> Iterator[cst.BaseSuite]:
    """The blocks below a compound statement, those of its further branches too."""
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
        return
    for child in children(statement):
        if isinstance(child, cst.BaseSuite):
            yield child
        elif isinstance(
            child, (cst.Else, cst.If, cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally, cst.MatchCase)
        ):
            yield from _suites(child)
