"""Sums in the methods of a class: what may be a side of one, by the straight run of the statements."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from nn_lint.project.premises.nodes import arguments, is_name, last_name, nodes
from nn_lint.project.premises.trees import ClassTree, MethodTree

_ADDING = frozenset({"add", "add_", "iadd"})
_PASSING = frozenset({"dropout", "contiguous", "clone", "float", "half", "to", "type_as"})
_PASSIVE = frozenset({"Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"})
_Loops = (ast.For, ast.AsyncFor, ast.While)
_Blocks = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


@dataclass(slots=True)
class _Given:
    """What a name was given last, `None` for a parameter of the method, and how often it was read since."""

    value: ast.expr | None
    reads: int = 0


@dataclass(slots=True)
class Run:
    """One method: `ever` has all values that a name is given anywhere, `now` the one that it has at a statement."""

    method: MethodTree
    passive: Collection[str]
    ever: dict[str, list[ast.expr]] = field(default_factory=dict)
    now: dict[str, _Given] = field(default_factory=dict)

    @property
    def receiver(self) -> str:
        """The name of `self`."""
        return self.method.receiver

    def attribute(self, call: ast.Call) -> str:
        """`fc` for `self.fc(x)` and `self.fc[0](x)`; empty for any other call."""
        func = call.func
        while isinstance(func, ast.Subscript):
            func = func.value
        is_own = isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == self.receiver
        return func.attr if is_own and isinstance(func, ast.Attribute) else ""

    def behind(self, node: ast.expr, *, alone: bool) -> Iterator[ast.expr]:
        """What an expression may be, names looked up and passive calls passed through.

        Alone: a name that was read elsewhere as well is not looked up.
        """
        pending, seen = [node], set[int]()
        while pending:
            current = pending.pop()
            if id(current) in seen:
                continue
            seen.add(id(current))
            if isinstance(current, ast.Name):
                pending.extend(self._values(current.id, alone=alone))
            elif isinstance(current, ast.IfExp):
                pending.extend((current.body, current.orelse))
            elif isinstance(current, ast.NamedExpr):
                pending.append(current.value)
            else:
                yield current
                pending.extend(self._passed(current))

    def roots(self, node: ast.expr, *, terms: bool = False) -> frozenset[str]:
        """The names that an expression may stand for, at any time in the method, or that it may be a sum of.

        As a term a submodule counts as well, by its attribute: the same one may be called twice.
        """
        found: set[str] = set()
        pending = [node]
        while pending:
            current = pending.pop()
            if not isinstance(current, ast.Name):
                pending.extend((*self._passed(current), *(sides(current) if terms else ())))
                if terms and isinstance(current, ast.Call):
                    found.add(self.attribute(current) or ast.dump(current.func))
            elif current.id not in found:
                found.add(current.id)
                pending.extend(self.ever.get(current.id, ()))
        return frozenset(found)

    def _values(self, name: str, *, alone: bool) -> Sequence[ast.expr]:
        given = self.now.get(name)
        if given is None:
            return self.ever.get(name, ())
        return () if given.value is None or (alone and given.reads > 1) else (given.value,)

    def _passed(self, node: ast.expr) -> Iterator[ast.expr]:
        """What a call hands through unchanged, if it is one that may."""
        if not isinstance(node, ast.Call):
            return
        attribute = self.attribute(node)
        if attribute in self.passive or (not attribute and last_name(node.func) in _PASSING):
            yield from arguments(node)
            if not attribute and isinstance(node.func, ast.Attribute):
                yield node.func.value


def sides(node: ast.AST) -> tuple[ast.expr, ...]:
    """What a sum adds up, a list as one; empty for anything else."""
    if isinstance(node, ast.BinOp):
        return (node.left, node.right) if isinstance(node.op, ast.Add) else ()
    if isinstance(node, ast.AugAssign):
        return (node.target, node.value) if isinstance(node.op, ast.Add) else ()
    if isinstance(node, ast.Call):
        if is_name(node.func, "sum"):
            return tuple(arguments(node))
        if last_name(node.func) in _ADDING:
            called = (node.func.value,) if isinstance(node.func, ast.Attribute) else ()
            return (*called, *arguments(node))
    return ()


def sums(cls: ClassTree) -> Iterator[tuple[Run, tuple[ast.expr, ...]]]:
    """The sides of every sum outside of the constructor, each with the run at the statement where it stands."""
    passive = frozenset(_passive_attributes(cls))
    for method in cls.methods:
        if method.name != "__init__" and any(map(sides, method.nodes)):
            run = Run(method, passive)
            run.now = {item.arg: _Given(None) for item in nodes(method.node.args) if isinstance(item, ast.arg)}
            for name, value in _all_given(method.nodes):
                run.ever.setdefault(name, []).append(value)
            yield from _in_block(run, method.node.body)


def _in_block(run: Run, body: Sequence[ast.stmt]) -> Iterator[tuple[Run, tuple[ast.expr, ...]]]:
    for statement in body:
        below = list(nodes(statement))
        inner = list(_inner_blocks(statement))
        if inner:
            bound = {name for name, _ in _all_given(below)}
            left = {name: given for name, given in run.now.items() if name not in bound}
            before = left if isinstance(statement, _Loops) else run.now
            for block in inner:
                run.now = {name: _Given(given.value, given.reads) for name, given in before.items()}
                yield from _in_block(run, block)
            run.now = left
        _count_reads(run, statement, below)
        if not inner:
            yield from ((run, found) for node in below if (found := sides(node)))
            _bind(run, statement, below)


def _inner_blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, _Blocks):
        for name in ("body", "orelse", "finalbody"):
            if block := getattr(statement, name, None):
                yield block
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield part.body


def _count_reads(run: Run, statement: ast.stmt, below: Sequence[ast.AST]) -> None:
    read = [node.id for node in below if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        read.append(statement.target.id)
    for name in read:
        if name in run.now:
            run.now[name].reads += 1


def _bind(run: Run, statement: ast.stmt, below: Sequence[ast.AST]) -> None:
    """Note what a simple statement gives to names."""
    for name, _ in _all_given(below):
        run.now.pop(name, None)
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                run.now[target.id] = _Given(statement.value)
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        as_sum = ast.BinOp(ast.Name(statement.target.id, ast.Load()), statement.op, statement.value)
        run.now[statement.target.id] = _Given(as_sum)


def _all_given(below: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Every name that something is given to, with the expression that it stands for or is a part of."""
    for node in below:
        targets, value = _assignment(node)
        if value is not None:
            parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else (value,)
            names = (item.id for target in targets for item in nodes(target) if isinstance(item, ast.Name))
            yield from ((name, part) for name in names for part in parts)


def _assignment(node: ast.AST) -> tuple[Sequence[ast.expr], ast.expr | None]:
    """The targets of a node that gives something to names, and what it gives; an augmented one adds to nothing."""
    if isinstance(node, ast.Assign):
        return node.targets, node.value
    if isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        return (node.target,), node.value
    if isinstance(node, ast.AugAssign):
        return (node.target,), ast.BinOp(ast.Constant(0), node.op, node.value)
    if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        return (node.target,), node.iter
    return (), None


def _passive_attributes(cls: ClassTree) -> Iterator[str]:
    """Attributes that may hold a dropout or an identity."""
    return (name for name, value in cls.given if any(last_name(call.func) in _PASSIVE for call in _built(value)))


def _built(node: ast.expr) -> Iterator[ast.Call]:
    """The calls that an expression may be the result of."""
    if isinstance(node, ast.IfExp):
        yield from _built(node.body)
        yield from _built(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _built(value)
    elif isinstance(node, ast.Call):
        yield node
