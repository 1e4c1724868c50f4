"""The calls of a loss, outside of classes as well, whose prediction is what instances of one class return."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property

from nn_lint.project.extract import dotted
from nn_lint.project.hierarchy import ExternalClass, Hierarchy, ProjectClass, Resolved, TorchClass

_MOVING = frozenset("squeeze view reshape flatten float double contiguous to cpu cuda clone".split())
"""Methods after which a tensor, or a module, holds the same values."""
_PUTTING = frozenset("to cpu cuda train eval float double".split())
_DEPTH = 6
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)

Values = list[ast.expr | None]
"""What a name is bound to in one scope; `None` for what cannot be read."""


def fed_losses(cls: ProjectClass, hierarchy: Hierarchy, function: str, layer: str) -> Iterator[ast.Call]:
    """The calls of `F.function` and of instances of `nn.layer` in the file of a class.

    Names are followed where all that they are bound to is seen: a local name, or a parameter by the arguments of all
    calls of its function. A name that is bound to several things is nothing that is known.
    """
    tree = cls.file.text.tree
    if tree is None:
        return
    reader = _Reader(cls, hierarchy, tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        named = next((item.value for item in call.keywords if item.arg == "input"), None)
        prediction = named or (call.args[0] if call.args else None)
        if prediction is not None and reader.is_loss(call, function, layer) and reader.is_output(prediction, _DEPTH):
            yield call


class _Reader:
    """One file: the scopes of its nodes, and what the names in them stand for."""

    def __init__(self, cls: ProjectClass, hierarchy: Hierarchy, tree: ast.Module) -> None:
        self._cls = cls
        self._hierarchy = hierarchy
        self._tree = tree
        self._bound: dict[ast.AST, Mapping[str, Values]] = {}

    def is_loss(self, call: ast.Call, function: str, layer: str) -> bool:
        """Whether a call is one of torch's function, or of an instance of its class, however it is named."""
        if self._resolve(call.func) == ExternalClass(f"torch.nn.functional.{function}"):
            return True
        return self._makes(call.func, TorchClass(layer), _DEPTH)

    def is_output(self, node: ast.expr, depth: int) -> bool:
        """Whether an expression is what an instance of the class returned."""
        node = _without(node, _MOVING)
        if isinstance(node, ast.Call):
            return self._makes(node.func, self._cls, depth)
        values = self._values(node) if depth and isinstance(node, ast.Name) else ()
        return bool(values) and all(item is not None and self.is_output(item, depth - 1) for item in values)

    def _makes(self, node: ast.expr, wanted: Resolved, depth: int) -> bool:
        """Whether an expression is an instance of a class for certain."""
        node = _without(node, _PUTTING)
        if isinstance(node, ast.Call):
            return self._resolve(node.func) == wanted
        values = self._values(node) if depth and isinstance(node, ast.Name) else ()
        return bool(values) and all(item is not None and self._makes(item, wanted, depth - 1) for item in values)

    def _resolve(self, node: ast.expr) -> Resolved | None:
        name = dotted(node)
        return None if "?" in name else self._hierarchy.resolve(name, self._cls.file)

    def _values(self, name: ast.Name) -> Values:
        """What a name is bound to in the innermost scope that binds it."""
        scope = self._parents.get(name)
        while scope is not None:
            if isinstance(scope, (*_FUNCTIONS, ast.Module)):
                found = self._bindings(scope).get(name.id)
                if found is not None:
                    return found
            scope = self._parents.get(scope)
        return []

    def _bindings(self, scope: ast.AST) -> Mapping[str, Values]:
        """What the names of a scope are bound to, steps that move a name's own value left out."""
        if scope not in self._bound:
            found: dict[str, Values] = {}
            for node in _own_nodes(scope):
                for name, value in _bound_by(node):
                    if not _moves(value, name):
                        found.setdefault(name, []).append(value)
            for argument in _arguments(scope):
                found.setdefault(argument.arg, []).extend(self._handed(scope, argument.arg))
            self._bound[scope] = found
        return self._bound[scope]

    def _handed(self, function: ast.AST, parameter: str) -> Values:
        """What all calls of a function of the file hand to one of its parameters."""
        if not isinstance(function, ast.FunctionDef) or self._parents.get(function) is not self._tree:
            return [None]
        self._bound[function] = {}
        uses = [node for node in ast.walk(self._tree) if isinstance(node, ast.Name) and node.id == function.name]
        calls = [self._parents.get(use) for use in uses]
        return [_argument(function, call, use, parameter) for use, call in zip(uses, calls)] or [None]

    @cached_property
    def _parents(self) -> Mapping[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self._tree) for child in ast.iter_child_nodes(node)}


def _argument(function: ast.FunctionDef, call: ast.AST | None, use: ast.Name, parameter: str) -> ast.expr | None:
    """What a call hands to a parameter; `None` where the function is not called there, or with stars."""
    if not isinstance(call, ast.Call) or call.func is not use or any(item.arg is None for item in call.keywords):
        return None
    if any(isinstance(item, ast.Starred) for item in call.args):
        return None
    names = [item.arg for item in (*function.args.posonlyargs, *function.args.args)]
    named = (item.value for item in call.keywords if item.arg == parameter)
    return next(named, dict(zip(names, call.args)).get(parameter))


def _without(node: ast.expr, methods: frozenset[str]) -> ast.expr:
    """`net` of `net.to(device)`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
        node = node.func.value
    return node


def _moves(value: ast.expr | None, name: str) -> bool:
    """`net = net.to(device)`."""
    root = _without(value, _MOVING | _PUTTING) if value is not None else None
    return isinstance(root, ast.Name) and root.id == name


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of functions and classes in it, which are yielded themselves."""
    pending = list(ast.iter_child_nodes(scope))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))


def _arguments(scope: ast.AST) -> Iterator[ast.arg]:
    if isinstance(scope, _FUNCTIONS):
        arguments = scope.args
        stars = (item for item in (arguments.vararg, arguments.kwarg) if item is not None)
        yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars)


def _bound_by(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a node binds, with what it binds them to."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        yield from _pairs(node.target, node.value)
    elif isinstance(node, (ast.AugAssign, ast.For, ast.AsyncFor, ast.comprehension)):
        yield from _pairs(node.target, None)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _pairs(node.optional_vars, None)
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from ((name, None) for name in node.names)
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).split(".")[0], None
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)) and node.name:
        yield node.name, None


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Starred):
        yield from _pairs(target.value, None)
    elif isinstance(target, (ast.Tuple, ast.List)):
        parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts) else []
        for index, item in enumerate(target.elts):
            yield from _pairs(item, parts[index] if parts else None)
