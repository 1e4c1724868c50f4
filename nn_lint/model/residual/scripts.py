"""Constructors and small functions, run over expressions: what each attribute is built of, in the caller's words."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nn_lint.model.residual.arithmetic import UnknownError, constant

Environment = dict[str, ast.expr]
Function = ast.FunctionDef | ast.AsyncFunctionDef
_MOST_NODES = 400
_UNSEEN = "?"


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A value that an attribute gets. `environment` tells what the names in it stand for in the words of the caller."""

    value: ast.expr
    environment: Mapping[str, ast.expr]
    row: int

    @property
    def formula(self) -> ast.expr:
        """The value in the words of the caller."""
        return substitute(self.value, self.environment)


@dataclass(slots=True)
class Script:
    """What a function does: the attributes that it sets, what it hands to `super().__init__`, what it returns."""

    attributes: dict[str, list[Built]] = field(default_factory=dict)
    handed_up: Built | None = None
    returned: ast.expr | None = None


def run_script(function: Function, environment: Environment) -> Script:
    """Run a function whose parameters stand for what `environment` says, and else for themselves."""
    runner = _Runner(function)
    returned = runner.suite(function.body, dict(environment))
    runner.script.returned = returned if isinstance(returned, ast.expr) else None
    return runner.script


def bind_call(function: Function, call: ast.Call, *, skip: int) -> Environment | None:
    """What the parameters of a function stand for in a call; `skip` leaves out `self`. `None` where it does not fit."""
    arguments = function.args
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    bound = defaults_of(function)
    names = names[skip:]
    known = {*names, *(item.arg for item in arguments.kwonlyargs)}
    words = keywords_of(call)
    if words is None or any(isinstance(item, ast.Starred) for item in call.args):
        return None
    if len(call.args) > len(names) or not (set(words) <= known or arguments.kwarg is not None):
        return None
    bound |= dict(zip(names, call.args)) | {name: value for name, value in words.items() if name in known}
    if arguments.kwarg is not None:
        rest = {name: value for name, value in words.items() if name not in known}
        keys: list[ast.expr | None] = [ast.Constant(value=name) for name in rest]
        bound[arguments.kwarg.arg] = ast.Dict(keys=keys, values=list(rest.values()))
    return bound


def defaults_of(function: Function) -> Environment:
    """The parameters of a function that have a default."""
    arguments = function.args
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    bound: Environment = dict(zip(reversed(names), reversed(arguments.defaults)))
    return bound | {
        item.arg: value for item, value in zip(arguments.kwonlyargs, arguments.kw_defaults) if value is not None
    }


def keywords_of(call: ast.Call) -> Environment | None:
    """The keyword arguments of a call, dictionaries in it taken apart; `None` where one of these cannot be read."""
    found: Environment = {}
    for word in call.keywords:
        inner = {word.arg: word.value} if word.arg is not None else _entries(word.value)
        if inner is None:
            return None
        found |= inner
    return found


def _entries(node: ast.expr) -> Environment | None:
    """What `{"bias": False}` or `dict(bias=False)` holds."""
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return {str(key.value): value for key, value in zip(node.keys, node.values) if isinstance(key, ast.Constant)}
    is_call = (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args
    )
    return keywords_of(node) if is_call and isinstance(node, ast.Call) else None


def substitute(node: ast.expr, environment: Mapping[str, ast.expr]) -> ast.expr:
    """An expression with its names and attributes of `self` replaced by what they stand for."""
    read = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    if not any(name.split(".")[0] in read for name in environment):
        return node
    result = _Substitution(environment).visit(node)
    assert isinstance(result, ast.expr), "names are replaced by expressions"
    return result if _is_small(result) else unseen("large")


def unseen(name: str) -> ast.expr:
    """An expression for a value that cannot be told; two of one name are equal."""
    return ast.Name(id=f"{_UNSEEN}{name}", ctx=ast.Load())


def is_seen(node: ast.expr) -> bool:
    """Whether every part of an expression could be told."""
    return not any(isinstance(item, ast.Name) and item.id.startswith(_UNSEEN) for item in ast.walk(node))


class _Substitution(ast.NodeTransformer):
    """Copies what it changes, and only that: the expressions of a file are shared."""

    def __init__(self, environment: Mapping[str, ast.expr]) -> None:
        self._environment = environment

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._environment.get(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name):
            stored = self._environment.get(f"{node.value.id}.{node.attr}")
            if stored is not None:
                return stored
        return self._rebuilt(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        decided = _decided(test)
        if decided is not None:
            return self.visit(node.body if decided else node.orelse)  # type: ignore[no-any-return]
        return ast.IfExp(test=test, body=self.visit(node.body), orelse=self.visit(node.orelse))

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        return self._rebuilt(node)

    def _rebuilt(self, node: ast.AST) -> ast.expr:
        fields = {name: self._field(value) for name, value in ast.iter_fields(node)}
        return ast.copy_location(type(node)(**fields), node)  # type: ignore[return-value]

    def _field(self, value: object) -> object:
        if isinstance(value, list):
            return [self._field(item) for item in value]
        return self.visit(value) if isinstance(value, ast.AST) else value


def _is_small(node: ast.expr) -> bool:
    return sum(1 for _ in zip(ast.walk(node), range(_MOST_NODES + 1))) <= _MOST_NODES


class _Runner:
    """Carries what names stand for over the statements of one function."""

    def __init__(self, function: Function) -> None:
        names = [item.arg for item in (*function.args.posonlyargs, *function.args.args)]
        self.script = Script()
        self._receiver = names[0] if names else "self"

    def suite(self, statements: Sequence[ast.stmt], environment: Environment) -> ast.expr | bool:
        """Run statements; what they return, else whether their end is reached."""
        for index, statement in enumerate(statements):
            if isinstance(statement, ast.Return):
                return substitute(statement.value, environment) if statement.value is not None else False
            if isinstance(statement, ast.Raise):
                return False
            if isinstance(statement, ast.If):
                result = self._if(statement, statements[index + 1 :], environment)
                if result is not True:
                    return result
            else:
                self._statement(statement, environment)
        return True

    def _if(self, node: ast.If, rest: Sequence[ast.stmt], environment: Environment) -> ast.expr | bool:
        test = substitute(node.test, environment)
        decided = _decided(test)
        if decided is not None:
            return self.suite(node.body if decided else node.orelse, environment)
        if any(isinstance(item, ast.Return) for item in ast.walk(node)):
            return self._either(test, node, rest, environment)
        then, other = dict(environment), dict(environment)
        reached = [end for end, body in ((then, node.body), (other, node.orelse)) if self.suite(body, end) is not False]
        for name in {name for end in reached for name in end}:
            values = [end.get(name, environment.get(name, unseen(name))) for end in reached]
            same = values[0] if values[0] is values[-1] else ast.IfExp(test=test, body=values[0], orelse=values[-1])
            environment[name] = same if _is_small(same) else unseen(f"{name}:{node.lineno}")
        return bool(reached)

    def _either(
        self, test: ast.expr, node: ast.If, rest: Sequence[ast.stmt], environment: Environment
    ) -> ast.expr | bool:
        """A condition that returns on some path: what follows is run behind either side."""
        sides = [self.suite([*body, *rest], dict(environment)) for body in (node.body, node.orelse)]
        found = [side for side in sides if isinstance(side, ast.expr)]
        if len(found) == 2:
            return ast.IfExp(test=test, body=found[0], orelse=found[1])
        return found[0] if found else False

    def _statement(self, node: ast.stmt, environment: Environment) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value, environment, node.lineno)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._assign(node.target, node.value, environment, node.lineno)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self._augment(node, node.target.id, environment)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._call(node.value, environment)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            self.suite(node.body, environment)
        else:
            self._unknown(node, environment)

    def _assign(self, target: ast.expr, value: ast.expr, environment: Environment, row: int) -> None:
        if isinstance(target, ast.Name):
            environment[target.id] = substitute(value, environment)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            if target.value.id == self._receiver:
                self._build(target.attr, value, environment, row)
                environment[f"{self._receiver}.{target.attr}"] = substitute(value, environment)
        elif isinstance(target, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            pairs = (
                zip(target.elts, values) if len(values) == len(target.elts) else ((item, None) for item in target.elts)
            )
            before = dict(environment)
            for item, part in pairs:
                given = unseen(f"{ast.unparse(item)}:{row}") if part is None else substitute(part, before)
                self._assign(item, given, environment, row)

    def _build(self, attribute: str, value: ast.expr, environment: Environment, row: int) -> None:
        self.script.attributes.setdefault(attribute, []).append(Built(value, dict(environment), row))

    def _augment(self, node: ast.AugAssign, name: str, environment: Environment) -> None:
        before, added = environment.get(name, node.target), substitute(node.value, environment)
        assert isinstance(before, ast.expr), "a name is an expression"
        if isinstance(before, ast.List) and isinstance(added, ast.List) and isinstance(node.op, ast.Add):
            environment[name] = ast.List(elts=[*before.elts, *added.elts], ctx=ast.Load())
        else:
            environment[name] = ast.BinOp(left=before, op=node.op, right=added)

    def _call(self, node: ast.Call, environment: Environment) -> None:
        """`layers.append(...)`, `self.add_module("conv", ...)`, `super().__init__(...)`."""
        if not isinstance(node.func, ast.Attribute):
            return
        owner, name = node.func.value, node.func.attr
        if isinstance(owner, ast.Name) and name in ("append", "extend", "insert"):
            self._grow(owner.id, name, node.args, environment)
        elif isinstance(owner, ast.Name) and owner.id == self._receiver and name in ("add_module", "register_module"):
            if len(node.args) == 2 and isinstance(node.args[0], ast.Constant):
                self._build(str(node.args[0].value), node.args[1], environment, node.lineno)
        elif name == "__init__" and isinstance(owner, ast.Call):
            self.script.handed_up = Built(node, dict(environment), node.lineno)

    def _grow(self, name: str, how: str, arguments: Sequence[ast.expr], environment: Environment) -> None:
        before = environment.get(name)
        added = [substitute(item, environment) for item in arguments]
        if how == "extend" and len(added) == 1 and isinstance(added[0], (ast.List, ast.Tuple)):
            added = added[0].elts
        elif how != "append":
            added = []
        whole = isinstance(before, ast.List) and added
        environment[name] = (
            ast.List(elts=[*before.elts, *added], ctx=ast.Load())
            if whole and isinstance(before, ast.List)
            else unseen(f"{name}:grown")
        )

    def _unknown(self, node: ast.stmt, environment: Environment) -> None:
        """A loop or anything else: what it binds can no longer be told, what it builds is seen once."""
        for name in _bound(node):
            environment[name] = unseen(f"{name}:{node.lineno}")
        if isinstance(node, (ast.For, ast.While, ast.Try)):
            inside = dict(environment)
            for body in (node.body, *([node.orelse] if node.orelse else ())):
                self.suite(body, inside)
            for name in _bound(node):
                environment[name] = unseen(f"{name}:{node.lineno}")


def _decided(test: ast.expr) -> bool | None:
    """What a condition is, where it reads no variable."""
    try:
        return bool(constant(test))
    except UnknownError:
        return None


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement and those in it bind or let grow."""
    for item in ast.walk(node):
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            yield item.id
        elif isinstance(item, (ast.FunctionDef, ast.ClassDef)):
            yield item.name
        elif (
            isinstance(item, ast.Call)
            and isinstance(item.func, ast.Attribute)
            and isinstance(item.func.value, ast.Name)
        ) and item.func.attr in ("append", "extend", "insert", "update", "pop"):
            yield item.func.value.id


def stored_names(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """The names, and attributes of a name, that statements bind, with the rows."""
    for node in nodes:
        for item in ast.walk(node):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                yield item.id, item.lineno
            elif isinstance(item, ast.Attribute) and isinstance(item.ctx, ast.Store):
                yield ast.unparse(item), item.lineno
