"""CPython's tree of a class, taken apart once for all premises: its methods, and the nodes below each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property, wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from nn_lint.project.premises.nodes import assignments, last_name, nodes

Function = ast.FunctionDef | ast.AsyncFunctionDef
Answer = TypeVar("Answer")


class MethodTree:
    """A function that stands directly in the body of a class."""

    def __init__(self, node: Function) -> None:
        self.node = node
        self.name = node.name

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the function, in no certain order."""
        return tuple(nodes(self.node))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the positional parameters."""
        return tuple(item.arg for item in (*self.node.args.posonlyargs, *self.node.args.args))

    @cached_property
    def targets(self) -> frozenset[ast.expr]:
        """What assignments, annotated ones too, give a value to as a whole; parts of tuples are none."""
        found: list[ast.expr] = []
        for node in self.nodes:
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                found += node.targets if isinstance(node, ast.Assign) else [node.target]
        return frozenset(found)

    @property
    def is_static(self) -> bool:
        """Whether it is declared to get no receiver."""
        return any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in self.node.decorator_list)

    @property
    def object_name(self) -> str:
        """What an instance goes by in it; `self` where there is no parameter for it."""
        return "self" if self.is_static else self.receiver or "self"

    @property
    def receiver(self) -> str:
        """The name of the first parameter, mostly `self`; empty where there is none."""
        return self.parameters[0] if self.parameters else ""


class ClassTree:
    """A class statement."""

    def __init__(self, node: ast.ClassDef) -> None:
        self.node = node
        self.methods = tuple(MethodTree(item) for item in node.body if isinstance(item, Function))

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """Every node in the body of the class."""
        for method in self.methods:
            yield from method.nodes
        for item in self.node.body:
            if not isinstance(item, Function):
                yield from nodes(item)

    @cached_property
    def given(self) -> tuple[tuple[str, ast.expr], ...]:
        """The attributes that assignments anywhere in the class give something to, and what that is."""
        return tuple(
            (target.attr, value)
            for targets, value in assignments(self.nodes)
            for target in targets
            if isinstance(target, ast.Attribute)
        )

    @cached_property
    def local_names(self) -> frozenset[str]:
        """The names that something in the class gives a value to."""
        return frozenset(
            node.id for node in self.nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        )

    @cached_property
    def called_names(self) -> frozenset[str]:
        """The last names of all that is called anywhere in the class."""
        return frozenset(last_name(node.func) for node in self.nodes if isinstance(node, ast.Call))


def asked_once(question: Callable[[ClassTree], Answer]) -> Callable[[ClassTree], Answer]:
    """Remember the answer about a class for as long as its tree is kept: heirs ask the same of their base."""
    known: WeakKeyDictionary[ClassTree, Answer] = WeakKeyDictionary()

    @wraps(question)
    def answer(cls: ClassTree) -> Answer:
        if cls not in known:
            known[cls] = question(cls)
        return known[cls]

    return answer
