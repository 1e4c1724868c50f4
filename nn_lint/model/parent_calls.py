"""Calls of the parent's `__init__` in all their spellings, right and wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Span
from nn_lint.model.spelling import is_misspelled_init, is_misspelled_super
from nn_lint.model.syntax import ClassSyntax, dotted, walk

if TYPE_CHECKING:
    from nn_lint.model.method import Method


class CallForm(Enum):
    """How the parent is named. Only the first three reach a parent's `__init__` when the rest of the call is right."""

    ZERO_ARGUMENT = "super().__init__(...)"
    TWO_ARGUMENT = "super(Net, self).__init__(...)"
    EXPLICIT = "Base.__init__(self, ...)"
    UNBOUND = "super(Net).__init__(...)"
    INSTANCE = "super(self).__init__(...)"
    TYPE = "super.__init__(...)"
    NEW_OBJECT = "nn.Module().__init__(...)"
    MISSPELLED = "Super().__init__(...), self.super().__init__(...)"
    OTHER = "something else that mentions __init__"


@dataclass(frozen=True, slots=True)
class CallArgument:
    """An argument as written; `star` is `""`, `"*"` or `"**"`. `is_simple`: evaluating it has no effect."""

    text: str
    keyword: str | None
    star: str
    is_simple: bool


@dataclass(frozen=True, slots=True)
class ParentCall:
    """One attempt to call the parent's `__init__`.

    `parent` is the dotted name of an explicit base or of the first argument of `super`. `method` is the attribute as
    written. `is_called`: a call, not only a name.
    """

    form: CallForm
    parent: str | None
    method: str
    is_called: bool
    is_statement: bool
    arguments: tuple[CallArgument, ...]
    node: cst.CSTNode
    attribute: cst.Attribute
    syntax: ClassSyntax

    @property
    def span(self) -> Span:
        """The whole expression."""
        return self.syntax.span(self.node)

    @property
    def super_span(self) -> Span:
        """The part before the dot."""
        return self.syntax.span(self.attribute.value)

    @property
    def method_span(self) -> Span:
        """The name behind the dot."""
        return self.syntax.span(self.attribute.attr)

    @property
    def is_spelled_right(self) -> bool:
        """The method is `__init__`."""
        return self.method == "__init__"

    @property
    def arguments_text(self) -> str:
        """The arguments, ready to stand between parentheses."""
        return ", ".join(argument.text for argument in self.arguments)


def find_parent_calls(method: Method) -> Iterator[ParentCall]:
    """Everything in a body that reads `.__init__`, and calls on `super` whose method is a misspelling of it."""
    outer: dict[cst.CSTNode, cst.CSTNode] = {}
    for node in walk(method.node.body, cst.Call, cst.Expr, cst.Attribute):
        if isinstance(node, cst.Call):
            outer[node.func] = node
        elif isinstance(node, cst.Expr):
            outer[node.value] = node
        elif isinstance(node, cst.Attribute):
            found = _parent_call(method, node, outer)
            if found is not None:
                yield found


def _parent_call(method: Method, node: cst.Attribute, outer: dict[cst.CSTNode, cst.CSTNode]) -> ParentCall | None:
    name = node.attr.value
    form, parent = _form(node.value, method.receiver)
    on_super = form not in (CallForm.EXPLICIT, CallForm.NEW_OBJECT, CallForm.OTHER)
    if name != "__init__" and not (on_super and (name == "init" or is_misspelled_init(name))):
        return None
    around = outer.get(node)
    call = around if isinstance(around, cst.Call) else None
    whole: cst.CSTNode = call or node
    return ParentCall(
        form=form,
        parent=parent,
        method=name,
        is_called=call is not None,
        is_statement=isinstance(outer.get(whole), cst.Expr),
        arguments=tuple(_argument(method, item) for item in call.args) if call else (),
        node=whole,
        attribute=node,
        syntax=method.syntax,
    )


def _form(node: cst.BaseExpression, receiver: str) -> tuple[CallForm, str | None]:
    if isinstance(node, cst.Call) and dotted(node.func) == "super":
        arguments = [dotted(item.value) for item in node.args if item.keyword is None and not item.star]
        if len(arguments) != len(node.args):
            return CallForm.OTHER, None
        if not arguments:
            return CallForm.ZERO_ARGUMENT, None
        if arguments[0] in (receiver, "self"):
            return CallForm.INSTANCE, arguments[1] if len(arguments) > 1 else None
        if len(arguments) == 1:
            return CallForm.UNBOUND, arguments[0]
        if arguments[1] == receiver:
            return CallForm.TWO_ARGUMENT, arguments[0]
        return CallForm.OTHER, None
    if isinstance(node, cst.Call) and not node.args and (callee := dotted(node.func)) is not None:
        if callee == f"{receiver}.super" or is_misspelled_super(callee):
            return CallForm.MISSPELLED, callee
        if callee.split(".")[0] not in (receiver, "self", "cls", "type"):
            return CallForm.NEW_OBJECT, callee
    name = dotted(node)
    if name == "super":
        return CallForm.TYPE, None
    if name is None or name.split(".")[0] in (receiver, "self", "cls"):
        return CallForm.OTHER, None
    return CallForm.EXPLICIT, name


def _argument(method: Method, node: cst.Arg) -> CallArgument:
    simple = not any(True for _ in walk(node.value, cst.Call, cst.Await, cst.Yield, cst.NamedExpr))
    keyword = node.keyword.value if node.keyword else None
    value = method.syntax.text(node.value)
    return CallArgument(f"{keyword}={value}" if keyword else f"{node.star}{value}", keyword, node.star, simple)
