"""A method of a module: its parameters, its decorators and the names that its body uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Position, Span
from nn_lint.model.syntax import ClassSyntax, children, dotted, self_attribute, simple_statements, walk

if TYPE_CHECKING:
    from nn_lint.model.parent_calls import ParentCall

_IMPLICIT_STATIC = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_PROPERTIES = ("property", "cached_property", ".setter", ".getter", ".deleter")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the order of the signature. `star` is `""`, `"*"` or `"**"`."""

    name: str
    star: str
    keyword_only: bool
    node: cst.Param
    syntax: ClassSyntax

    @property
    def required(self) -> bool:
        """Whether a call must fill it."""
        return not self.star and self.node.default is None

    @property
    def default(self) -> str | None:
        """The source of the default."""
        return None if self.node.default is None else self.syntax.text(self.node.default)

    @property
    def annotation(self) -> str | None:
        """The source of the annotation."""
        return None if self.node.annotation is None else self.syntax.text(self.node.annotation.annotation)

    @property
    def span(self) -> Span:
        """From the name to the end of the default or annotation; stars and commas stay outside."""
        last = self.node.default or (self.node.annotation.annotation if self.node.annotation else self.node.name)
        return Span(self.syntax.span(self.node.name).start, self.syntax.span(last).end)


class Method:
    """A `def` that stands directly in a class body."""

    def __init__(self, syntax: ClassSyntax, node: cst.FunctionDef) -> None:
        self.syntax = syntax
        self.node = node
        self.name = node.name.value

    @property
    def name_span(self) -> Span:
        """The name in the `def` line."""
        return self.syntax.span(self.node.name)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter, `self` included."""
        found = self.node.params
        plain = [(item, "", False) for item in (*found.posonly_params, *found.params)]
        star = [(found.star_arg, "*", False)] if isinstance(found.star_arg, cst.Param) else []
        double = [(found.star_kwarg, "**", False)] if found.star_kwarg else []
        keyword = [(item, "", True) for item in found.kwonly_params]
        return tuple(
            Parameter(node.name.value, stars, keyword_only, node, self.syntax)
            for node, stars, keyword_only in (*plain, *star, *keyword, *double)
        )

    @property
    def positional(self) -> tuple[Parameter, ...]:
        """The parameters that a call can fill by position, without `*args`."""
        return tuple(item for item in self.parameters if not item.star and not item.keyword_only)

    @property
    def takes_any_number(self) -> bool:
        """Whether the signature has `*args`."""
        return any(item.star == "*" for item in self.parameters)

    @cached_property
    def receiver(self) -> str:
        """The name of the first parameter of an instance method; `self` where there is none."""
        return self.positional[0].name if self.positional and not self.is_static else "self"

    @cached_property
    def decorators(self) -> tuple[str, ...]:
        """Dotted names, `?` for an expression."""
        return tuple(dotted(_callee(item.decorator)) or "?" for item in self.node.decorators)

    @property
    def is_static(self) -> bool:
        """A staticmethod, by decorator or by nature."""
        return "staticmethod" in self.decorators or self.name in _IMPLICIT_STATIC

    @property
    def is_class_method(self) -> bool:
        """Decorated as classmethod."""
        return "classmethod" in self.decorators

    @property
    def is_property(self) -> bool:
        """A property of some kind."""
        return any(name.endswith(_PROPERTIES) for name in self.decorators)

    @property
    def decorator_spans(self) -> tuple[tuple[str, Span], ...]:
        """Each decorator's dotted name with the span from its `@` to the end of its expression."""
        return tuple((name, self.syntax.span(item)) for name, item in zip(self.decorators, self.node.decorators))

    @cached_property
    def statements(self) -> tuple[cst.BaseStatement | cst.BaseSmallStatement, ...]:
        """The statements of the body without its docstring."""
        body = tuple(simple_statements(self.node.body))
        return body[1:] if body and _is_docstring(body[0]) else body

    @property
    def is_abstract(self) -> bool:
        """The body only raises, or the method is declared abstract or an overload."""
        if any(name.split(".")[-1] in ("abstractmethod", "overload") for name in self.decorators):
            return True
        return bool(self.statements) and all(isinstance(item, cst.Raise) for item in self.statements)

    @cached_property
    def nodes(self) -> tuple[cst.CSTNode, ...]:
        """Every node of the body, those of nested functions and classes too, in the order of the text."""
        return tuple(walk(self.node.body))

    @cached_property
    def own_nodes(self) -> tuple[cst.CSTNode, ...]:
        """The assignments and calls of the body, those of nested functions and classes left out."""
        kinds = (cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Call)
        return tuple(walk(self.node.body, *kinds, into_scopes=False))

    @cached_property
    def names_read(self) -> frozenset[str]:
        """Every name in the body, nested functions included, that is not only an attribute or a keyword."""
        return frozenset(name.value for name in names(self.node.body))

    @cached_property
    def locals(self) -> frozenset[str]:
        """Parameters and every name that the body or a nested function binds."""
        return frozenset(item.name for item in self.parameters) | frozenset(bound_names(self.node.body))

    @cached_property
    def parent_calls(self) -> tuple[ParentCall, ...]:
        """Everything in the body that looks like a call of the parent's `__init__`."""
        from nn_lint.model.parent_calls import find_parent_calls

        return tuple(find_parent_calls(self))

    def name_spans(self, name: str) -> tuple[Span, ...]:
        """Where the body uses a name."""
        return tuple(self.syntax.span(node) for node in names(self.node.body) if node.value == name)

    def attributes_of(self, name: str) -> frozenset[str]:
        """The attributes that the body takes of a name."""
        found = (self_attribute(node, name) for node in self.nodes if isinstance(node, cst.Attribute))
        return frozenset(item for item in found if item is not None)

    def hands_receiver_to(self) -> Iterator[str]:
        """The dotted names of the functions that get the receiver itself as an argument, `?` for an expression."""
        calls = (node for node in self.nodes if isinstance(node, cst.Call))
        yield from (dotted(call.func) or "?" for call in calls if hands_over(call, self.receiver))

    @property
    def first_statement_span(self) -> Span | None:
        """The first statement after the docstring; `None` in a body of one line or with a docstring alone."""
        if not isinstance(self.node.body, cst.IndentedBlock):
            return None
        return self.syntax.statement_span(self.statements[0]) if self.statements else None

    @property
    def one_line_body_span(self) -> Span | None:
        """The statements of `def f(self): pass`, which stand in the line of the header."""
        body = self.node.body
        if not isinstance(body, cst.SimpleStatementSuite):
            return None
        return Span(self.syntax.span(body.body[0]).start, self.syntax.span(body.body[-1]).end)

    @property
    def docstring_span(self) -> Span | None:
        """The docstring, where there is one."""
        body = tuple(simple_statements(self.node.body))
        return self.syntax.span(body[0]) if body and _is_docstring(body[0]) else None

    @property
    def signature_start(self) -> Position:
        """Just behind the opening parenthesis of the signature; that of type parameters may hold others."""
        lines, types = self.syntax.lines, self.node.type_parameters
        before = self.name_span if types is None else self.syntax.span(types)
        return lines.position(lines.text.index("(", lines.offset(before.end)) + 1)


def hands_over(call: cst.Call, name: str) -> bool:
    """Whether a call gets a name itself as an argument, alone or in a tuple or list that is written there."""
    pending = [item.value for item in call.args]
    while pending:
        node = pending.pop()
        if isinstance(node, (cst.Tuple, cst.List)):
            pending.extend(element.value for element in node.elements)
        elif isinstance(node, cst.Name) and node.value == name:
            return True
    return False


def names(node: cst.CSTNode) -> Iterator[cst.Name]:
    """The names that are expressions or targets: no attributes, keywords of calls, parameters' own names, imports."""
    pending: list[cst.CSTNode] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, cst.Name):
            yield current
        elif isinstance(current, (cst.Attribute, cst.Arg)):
            pending.append(current.value)
        elif isinstance(current, (cst.Import, cst.ImportFrom)):
            continue
        elif isinstance(current, cst.Param):
            pending.extend(item for item in (current.default, current.annotation) if item is not None)
        else:
            pending.extend(reversed(children(current)))


_ASSIGNING = (cst.AssignTarget, cst.AnnAssign, cst.AugAssign, cst.NamedExpr, cst.CompFor, cst.For)
_NAMED = (cst.Param, cst.FunctionDef, cst.ClassDef, cst.MatchAs, cst.MatchStar)


def bound_names(body: cst.CSTNode) -> Iterator[str]:
    """The names that statements bind: assignments, loops, `with`, imports, functions, parameters, patterns."""
    for node in walk(body, *_ASSIGNING, cst.AsName, cst.ImportAlias, cst.MatchMapping, *_NAMED):
        if isinstance(node, _ASSIGNING):
            yield from target_names(node.target)
        elif isinstance(node, cst.AsName):
            yield from target_names(node.name)
        elif isinstance(node, cst.ImportAlias) and node.asname is None:
            yield (dotted(node.name) or "").split(".")[0]
        elif isinstance(node, cst.MatchMapping) and node.rest is not None:
            yield node.rest.value
        elif isinstance(node, _NAMED) and node.name is not None:
            yield node.name.value


def binds(node: cst.Assign | cst.AnnAssign, name: str) -> bool:
    """Whether an assignment gives a value to a plain name."""
    targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else [node.target]
    return any(isinstance(target, cst.Name) and target.value == name for target in targets)


def target_names(target: cst.CSTNode) -> Iterator[str]:
    """The names that an assignment to a target binds; `self.fc = ...` and `x[0] = ...` bind none."""
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from target_names(element.value)


def _callee(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.func if isinstance(node, cst.Call) else node


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString))
