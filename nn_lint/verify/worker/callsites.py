"""Calls of the target that somebody wrote: the best evidence for its arguments, and `__main__` for its inputs."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from .expressions import simplify
from .statements import is_main_part
from .subjects import Target

TENSOR_MAKERS = {"randn", "rand", "zeros", "ones", "randint", "empty", "full", "normal", "arange", "tensor"}


@dataclass(frozen=True)
class CallSite:
    """A call of the target: its arguments as text, or None for each that only a run would give."""

    row: int
    positional: Tuple[Optional[str], ...]
    keywords: Tuple[Tuple[str, Optional[str]], ...]
    in_main: bool

    @property
    def is_full(self) -> bool:
        """Whether every argument is known."""
        return None not in self.positional and all(text is not None for _, text in self.keywords)

    @property
    def arguments(self) -> str:
        """The arguments as one text."""
        return ", ".join([*map(str, self.positional), *(f"{name}={text}" for name, text in self.keywords)])


@dataclass(frozen=True)
class Scope:
    """A body of statements that run together, and the local names bound there once."""

    body: List[ast.stmt]
    constants: Dict[str, ast.expr]
    unknown: Tuple[str, ...]
    in_main: bool


def scopes_of(target: Target) -> Iterator[Scope]:
    """The `__main__` part and the module level first, then each function, the target's own methods left out."""
    top = [node for node in target.tree.body if not isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    yield make_scope(top, (), any(is_main_part(node) for node in top))
    table, name = target.module._table, target.name.rpartition(".")[2]
    first, last = target.node.lineno, target.node.end_lineno or 0
    for node in table.functions:
        is_own = target.path == target.home and first <= node.lineno <= last
        if not is_own and table.mentions(name, node):
            parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            unknown = [parameter.arg for parameter in parameters]
            unknown += [star.arg for star in (node.args.vararg, node.args.kwarg) if star is not None]
            yield make_scope(node.body, tuple(unknown), False)


def make_scope(body: List[ast.stmt], parameters: Tuple[str, ...], in_main: bool) -> Scope:
    """The scope of a body: names assigned exactly once are constants, all others that it binds are unknown."""
    values: Dict[str, List[Optional[ast.expr]]] = {name: [None, None] for name in parameters}
    for node in walk_scope(body):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            values.setdefault(node.id, [])
    constants = {name: bound[0] for name, bound in values.items() if len(bound) == 1 and bound[0] is not None}
    return Scope(body, constants, tuple(name for name in values if name not in constants), in_main)


def walk_scope(body: List[ast.stmt]) -> Iterator[ast.AST]:
    """All nodes of a body in source order, functions and classes inside it left out."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        yield statement
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                yield from walk_scope([child])
            else:
                yield from walk_expression(child)


def walk_expression(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes of an expression or handler, in source order."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield from walk_scope([child])
        elif not isinstance(child, ast.Lambda):
            yield from walk_expression(child)


def names_target(node: ast.expr, target: Target) -> bool:
    """Whether a called expression names the target: `Block`, `Outer.Block`, `blocks.Block`."""
    last = target.name.rpartition(".")[2]
    return (isinstance(node, ast.Name) and node.id == last) or (isinstance(node, ast.Attribute) and node.attr == last)


def call_sites(target: Target) -> List[CallSite]:
    """Calls of the target in its file; full ones first, those of the `__main__` part and module level before others."""
    sites = []
    for scope in scopes_of(target):
        for node in walk_scope(scope.body):
            if isinstance(node, ast.Call) and names_target(node.func, target):
                site = read_call(node, scope, target)
                if site is not None and site not in sites:
                    sites.append(site)
    return sorted(sites, key=lambda site: (not site.is_full, not site.in_main))


def read_call(node: ast.Call, scope: Scope, target: Target) -> Optional[CallSite]:
    """The call with its arguments made plain; None for one with `*` or `**`."""
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(not word.arg for word in node.keywords):
        return None
    positional = tuple(plain_text(argument, scope, target) for argument in node.args)
    keywords = tuple((str(word.arg), plain_text(word.value, scope, target)) for word in node.keywords)
    return CallSite(node.lineno, positional, keywords, scope.in_main)


def plain_text(node: ast.expr, scope: Scope, target: Target) -> Optional[str]:
    """An argument as text that needs nothing but the module's plain names."""
    if any(isinstance(part, ast.Name) and part.id in scope.unknown for part in ast.walk(node)):
        return None
    simple = simplify(node, scope.constants, target)
    return None if simple is None else ast.unparse(simple)


def written_inputs(target: Target) -> Iterator[Tuple[Tuple[str, ...], Tuple[Tuple[str, str], ...]]]:
    """What the file passes to an instance of the target that it has made: expressions, positional and by keyword."""
    for scope in scopes_of(target):
        instances = [
            node.targets[0].id
            for node in walk_scope(scope.body)
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and any(isinstance(part, ast.Call) and names_target(part.func, target) for part in ast.walk(node.value))
        ]
        for node in walk_scope(scope.body):
            if isinstance(node, ast.Call) and calls_instance(node.func, instances, target):
                positional = [tensor_text(argument, scope, target) for argument in node.args]
                keywords = [(str(word.arg), tensor_text(word.value, scope, target)) for word in node.keywords]
                if (positional or keywords) and None not in positional and all(text for _, text in keywords):
                    yield tuple(map(str, positional)), tuple((name, str(text)) for name, text in keywords)


def calls_instance(function: ast.expr, instances: List[str], target: Target) -> bool:
    """Whether a call is one of an instance: `net(x)`, `net.forward(x)`, `Net()(x)`."""
    if isinstance(function, ast.Attribute) and function.attr == "forward":
        function = function.value
    if isinstance(function, ast.Call):
        return names_target(function.func, target)
    return isinstance(function, ast.Name) and function.id in instances


def tensor_text(node: ast.expr, scope: Scope, target: Target, depth: int = 4) -> Optional[str]:
    """An input as text: a tensor made on the spot (`torch.randn(8, 3, 224, 224)`, `.to(device)` left off) or a plain
    value."""
    if isinstance(node, ast.Name) and node.id in scope.constants and depth:
        return tensor_text(scope.constants[node.id], scope, target, depth - 1)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in {"to", "cuda", "cpu", "float", "requires_grad_", "type"}:
            return tensor_text(node.func.value, scope, target, depth)
        if node.func.attr in {"long", "unsqueeze", "view", "reshape", "permute", "bool", "transpose"}:
            inner = tensor_text(node.func.value, scope, target, depth)
            values = [plain_text(argument, scope, target) for argument in node.args]
            return (
                None if inner is None or None in values else f"{inner}.{node.func.attr}({', '.join(map(str, values))})"
            )
        if node.func.attr in TENSOR_MAKERS and isinstance(node.func.value, ast.Name) and node.func.value.id == "torch":
            values = [plain_text(argument, scope, target) for argument in node.args]
            values += [
                f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords if word.arg in {"size", "dtype"}
            ]
            return None if None in values else f"torch.{node.func.attr}({', '.join(map(str, values))})"
    return plain_text(node, scope, target)
