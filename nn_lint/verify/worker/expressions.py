"""Values as Python expressions, and expressions as values: recipes must be readable, and be replayed from text."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import types
from typing import Any, Dict, Optional, Tuple

import torch
from torch import nn

from .subjects import Target, namespace

PLAIN_FORMS = (
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Dict,
    ast.UnaryOp,
    ast.BinOp,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.Starred,
)
SAFE_CALLS = {"dict", "float", "int", "len", "list", "max", "min", "range", "set", "sum", "tuple", "partial"}


def names_in(expression: ast.AST) -> Tuple[str, ...]:
    """Every name that an expression mentions."""
    return tuple(sorted({node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}))


def evaluate(text: str, target: Target) -> Any:
    """The value of an expression in the target's module."""
    tree = ast.parse(text, mode="eval")
    return eval(compile(tree, "<arguments>", "eval"), namespace(target, names_in(tree)))


def evaluate_call(text: str, target: Target) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
    """The values of arguments that are given as the text between the parentheses."""
    passed: Tuple[Tuple[Any, ...], Dict[str, Any]]
    passed = evaluate(f"(lambda *values, **options: (values, options))({text})", target)
    return passed


def express(value: Any, target: Target) -> Optional[str]:
    """An expression for a value, as a user would write it in the target's module; None where there is none."""
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if isinstance(value, float):
        return repr(value) if value - value == 0 else f'float("{value}")'
    if isinstance(value, (torch.dtype, torch.device)):
        return repr(value) if isinstance(value, torch.dtype) else f"torch.{value!r}"
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return express_sequence(value, target)
    if isinstance(value, dict):
        keys, values = [express(key, target) for key in value], [express(item, target) for item in value.values()]
        if None in keys or None in values:
            return None
        return "{" + ", ".join(f"{key}: {item}" for key, item in zip(keys, values)) + "}"
    if isinstance(value, functools.partial):
        return express_partial(value, target)
    if isinstance(value, nn.Module):
        return express_module(value, target)
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        return express_name(value, target)
    return None


def express_sequence(value: Any, target: Target) -> Optional[str]:
    """A list or tuple of expressible values."""
    items = [express(item, target) for item in value]
    if None in items:
        return None
    inner = ", ".join(str(item) for item in items)
    if isinstance(value, list):
        return f"[{inner}]"
    return f"({inner},)" if len(items) == 1 else f"({inner})"


def express_partial(value: functools.partial[Any], target: Target) -> Optional[str]:
    """A `functools.partial` of expressible values."""
    parts = [express(value.func, target), *(express(item, target) for item in value.args)]
    keywords: Dict[str, Optional[str]] = {key: express(item, target) for key, item in value.keywords.items()}
    if None in parts or None in keywords.values():
        return None
    inner = [str(part) for part in parts] + [f"{key}={item}" for key, item in keywords.items()]
    return f"functools.partial({', '.join(inner)})"


def express_module(value: nn.Module, target: Target) -> Optional[str]:
    """A layer of `torch.nn` from its own `repr`, or a sequence of such."""
    if type(value) is nn.Sequential:
        inner = [express_module(child, target) for child in value]
        return None if None in inner else f"nn.Sequential({', '.join(str(item) for item in inner)})"
    if not type(value).__module__.startswith("torch.nn.") or list(value.children()):
        return None
    return f"nn.{value!r}"


def express_name(value: Any, target: Target) -> Optional[str]:
    """The name under which the target's module or torch knows a class or function."""
    name = getattr(value, "__name__", "")
    if not name.isidentifier():
        return None
    for known, bound in target.module.__dict__.items():
        if bound is value:
            return known
    if name in target.module._table.binding and getattr(target.module, name) is value:
        return str(name)
    for prefix, holder in (("nn.", nn), ("torch.", torch), ("nn.functional.", nn.functional)):
        if getattr(holder, name, None) is value:
            return prefix + name
    return None


class NotPlain(Exception):
    """An expression needs what only a run of the script would give."""


class Simplifier(ast.NodeTransformer):
    """Puts local constants into an expression; raises `NotPlain` at calls and names that are not plain."""

    def __init__(self, constants: Dict[str, ast.expr], target: Target, depth: int = 3) -> None:
        self.constants = constants
        self.target = target
        self.depth = depth

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Go on into what is plain by its form."""
        if isinstance(node, ast.expr) and not isinstance(node, PLAIN_FORMS):
            raise NotPlain
        return super().generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A local constant becomes its value."""
        if node.id in self.constants and self.depth:
            inner = Simplifier(self.constants, self.target, self.depth - 1)
            value: ast.AST = inner.visit(copy.deepcopy(self.constants[node.id]))
            return value
        if node.id in self.constants or not is_plain(node.id, self.target):
            raise NotPlain
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Calls of a few builtins and of `nn`'s classes are plain."""
        is_builtin = isinstance(node.func, ast.Name) and node.func.id in SAFE_CALLS
        if not is_builtin and not (isinstance(node.func, ast.Attribute) and names_in(node.func) == ("nn",)):
            raise NotPlain
        return super().generic_visit(node)


def simplify(node: ast.expr, constants: Dict[str, ast.expr], target: Target) -> Optional[ast.expr]:
    """The expression with local constants put in; None where it needs what only a run of the script would give."""
    try:
        result: ast.expr = Simplifier(constants, target).visit(copy.deepcopy(node))
    except NotPlain:
        return None
    return result


def is_plain(name: str, target: Target) -> bool:
    """Whether a module-level name is bound by imports, definitions and assignments of constants only."""
    statements = target.module._table.binding.get(name)
    if statements is None:
        return name in {"True", "False", "None", "int", "float", "str", "bool", *SAFE_CALLS}
    values = [
        statement.node.value for statement in statements if isinstance(statement.node, (ast.Assign, ast.AnnAssign))
    ]
    parts = (part for value in values if value is not None for part in ast.walk(value))
    return not any(isinstance(part, ast.Call) for part in parts)


def signature_of(function: Any) -> Optional[inspect.Signature]:
    """A signature, where there is one."""
    try:
        return inspect.signature(function)
    except (ValueError, TypeError):
        return None
