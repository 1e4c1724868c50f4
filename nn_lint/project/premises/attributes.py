"""The attributes that the methods of a class set on `self` and take of it, by CPython's tree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from nn_lint.project.premises.nodes import is_attribute_of, is_name, last_name, nodes
from nn_lint.project.premises.trees import ClassTree, MethodTree, asked_once


@asked_once
def assigned_attributes(cls: ClassTree) -> frozenset[str]:
    """What assignments, `setattr` and registrations with a literal name set."""
    return frozenset(name for method in cls.methods for name in _of_method(method))


@asked_once
def assignment_counts(cls: ClassTree) -> Mapping[str, int]:
    """How often assignments give each attribute of `self` a value of its own."""
    counts: Counter[str] = Counter()
    for method in cls.methods:
        counts.update(item.attr for item in method.targets if is_attribute_of(item, method.object_name))
    return counts


@asked_once
def read_attributes(cls: ClassTree) -> frozenset[str]:
    """What methods take of `self` other than to give it a value of its own."""
    return frozenset(
        node.attr
        for method in cls.methods
        for node in method.nodes
        if is_attribute_of(node, method.object_name) and node not in method.targets
    )


@asked_once
def plain_reads(cls: ClassTree) -> frozenset[str]:
    """What instance methods take of `self`; those that hold another `self`, by a class or function inside, left out."""
    scopes = (ast.ClassDef, ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)
    found: set[str] = set()
    for method in cls.methods:
        inner = [node for node in method.nodes if isinstance(node, scopes) and node is not method.node]
        words = {item.arg for node in inner for item in nodes(node) if isinstance(item, ast.arg)}
        if method.is_static or method.object_name in words or any(isinstance(node, ast.ClassDef) for node in inner):
            continue
        found.update(
            node.attr
            for node in method.nodes
            if is_attribute_of(node, method.object_name) and isinstance(node.ctx, ast.Load)
        )
    return frozenset(found)


def _of_method(method: MethodTree) -> Iterator[str]:
    receiver = method.object_name
    for node in method.nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _targets(target, receiver)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            yield from _targets(node.target, receiver)
        elif isinstance(node, ast.Call):
            yield from _named_by_call(node, receiver)


def _targets(target: ast.expr, receiver: str) -> Iterator[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _targets(item, receiver)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, receiver)
    elif is_attribute_of(target, receiver):
        yield target.attr


def _named_by_call(node: ast.Call, receiver: str) -> Iterator[str]:
    """`setattr(self, "fc", ...)`, `self.add_module("fc", ...)`, `self.register_buffer("mean", ...)`."""
    arguments = [*node.args, *(word.value for word in node.keywords)]
    if is_name(node.func, "setattr"):
        arguments = arguments[1:]
    elif not is_attribute_of(node.func, receiver) or not last_name(node.func).startswith(("register_", "add_module")):
        return
    if arguments and isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str):
        yield arguments[0].value
