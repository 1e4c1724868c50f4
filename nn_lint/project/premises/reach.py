"""Which methods and attributes of a class its forward may reach."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from nn_lint.project.code_text import method_code
from nn_lint.project.hierarchy import ProjectClass
from nn_lint.project.premises.nodes import last_name
from nn_lint.project.premises.trees import ClassTree, MethodTree

_WORD = re.compile(r"\w+")


def reached_code(cls: ProjectClass, ancestors: Iterable[ProjectClass]) -> tuple[str, ...]:
    """The bare code of the methods of a class, `__init__` left out, that forward may call by way of others."""
    codes: dict[str, list[str]] = {}
    for owner in (cls, *ancestors):
        source = owner.file.text.readable.rows(owner.facts.first_row, owner.facts.end_row)
        for method in owner.facts.methods:
            codes.setdefault(method.name, []).append(method_code(owner.facts, source, method.name))
    pending, seen = ["forward"], {"__init__"}
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            words = {word for code in codes.get(name, ()) for word in _WORD.findall(code)}
            pending.extend(words & codes.keys())
    return tuple(codes[method.name][0] for method in cls.facts.methods if method.name in seen - {"__init__"})


def taken(trees: Sequence[ClassTree]) -> frozenset[str]:
    """The attributes that forward takes of `self` and of `super()`, and those that the methods among them take."""
    pending, seen = ["forward"], {"__init__"}
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(
                attribute
                for tree in trees
                for method in tree.methods
                if method.name == name
                for attribute in _attributes(method)
            )
    return frozenset(seen)


def _attributes(method: MethodTree) -> Iterator[str]:
    for node in method.nodes:
        if isinstance(node, ast.Attribute):
            owner = node.value.func if isinstance(node.value, ast.Call) else node.value
            if last_name(owner) in (method.receiver, "super"):
                yield node.attr
