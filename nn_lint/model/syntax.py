"""libcst for one class: its slice of the file, parsed alone, with positions in the coordinates of the file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import cache, cached_property

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from nn_lint.diagnostic import Position, Span
from nn_lint.project.facts import ClassFacts
from nn_lint.source.lines import Lines

_FORM_FEED = re.compile(r"(?m)^[ \t\f]*\f")
"""libcst refuses a form feed before a statement, where CPython begins to count columns anew."""
_WRAPPER = "if True:\n"


class ClassSyntax:
    """The libcst tree of one class. An indented class is parsed below an `if`, so that its rows stay what they are."""

    def __init__(self, lines: Lines, facts: ClassFacts) -> None:
        self.lines = lines
        self._facts = facts
        source = _FORM_FEED.sub("", lines.rows(facts.first_row, facts.end_row))
        self.size = len(source)
        self._prefix_rows = 1 if lines.indentation(facts.first_row).rpartition("\f")[2] else 0
        self._module = cst.parse_module(_WRAPPER * self._prefix_rows + source)

    @cached_property
    def node(self) -> cst.ClassDef:
        """The class statement itself."""
        outermost = next(walk(self._module, cst.ClassDef))
        assert isinstance(outermost, cst.ClassDef), "the slice of a class begins with that class"
        return outermost

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands in the file, without the white space and comments around it."""
        found = self._positions[node]
        return Span(
            self._position(found.start.line + self._offset, found.start.column + 1),
            self._position(found.end.line + self._offset, found.end.column + 1),
        )

    def statement_span(self, node: cst.CSTNode) -> Span:
        """As `span`, where the decorators of a function or class belong to it."""
        span = self.span(node)
        decorators = node.decorators if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else ()
        return Span(self.span(decorators[0]).start, span.end) if decorators else span

    def _position(self, row: int, column: int) -> Position:
        """A place in the file; what stands before a form feed was left out of the slice."""
        left_out = self.lines.indentation(row).rfind("\f") + 1
        return Position(row, column + left_out)

    def precedes(self, first: cst.CSTNode, second: cst.CSTNode) -> bool:
        """Whether a node ends before another one begins; unlike a span this costs no positions."""
        inside = sum(1 for _ in walk(first))
        return self._order[first] + inside <= self._order[second]

    @cached_property
    def _order(self) -> dict[cst.CSTNode, int]:
        return {node: index for index, node in enumerate(walk(self._module))}

    def text(self, node: cst.CSTNode) -> str:
        """The source of a node."""
        return self._module.code_for_node(node).strip()

    def holds(self, node: cst.CSTNode | None) -> bool:
        """Whether a node stands in the text of this class: the flow of a forward runs inherited methods as well."""
        return node in self._order

    @property
    def _offset(self) -> int:
        return self._facts.first_row - 1 - self._prefix_rows

    @cached_property
    def _positions(self) -> dict[cst.CSTNode, CodeRange]:
        wrapper = MetadataWrapper(self._module, unsafe_skip_copy=True)
        return dict(wrapper.resolve(PositionProvider))


def walk(node: cst.CSTNode, *kinds: type[cst.CSTNode], into_scopes: bool = True) -> Iterator[cst.CSTNode]:
    """A node and all below it, in the order of the text, of the given kinds.

    Without `into_scopes` nested functions, lambdas and classes are passed over (comprehensions are not).
    """
    pending = [node]
    while pending:
        current = pending.pop()
        kind = type(current)
        if not kinds or _is_kind(kind, kinds):
            yield current
        if current is not node and not into_scopes and kind in _SCOPES:
            continue
        pending.extend(reversed(children(current)))


_SCOPES = frozenset({cst.FunctionDef, cst.Lambda, cst.ClassDef})


@cache
def _is_kind(kind: type[cst.CSTNode], kinds: tuple[type[cst.CSTNode], ...]) -> bool:
    """`issubclass`, remembered: libcst's classes are abstract ones, and to ask them each time is slow."""
    return issubclass(kind, kinds)


_LAYOUT = re.compile(
    r"whitespace|lpar|rpar|lbrac|rbrac|comma|semicolon|trailing_|leading_|lines_after|header|footer|equal|dot$|indent|relative"
)
_fields_of: dict[type[cst.CSTNode], tuple[str, ...]] = {}


class _FieldOrder(cst.CSTVisitor):
    """Notes the fields of one node in the order in which libcst writes them."""

    def __init__(self, node: cst.CSTNode) -> None:
        self.node = node
        self.names: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node is self.node

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        self.names.append(attribute)


def _fields(node: cst.CSTNode) -> tuple[str, ...]:
    """The fields of a node that hold nodes; those that this one does not have, such as a format, come last."""
    order = _FieldOrder(node)
    node.visit(order)
    names = dict.fromkeys((*order.names, *(field.name for field in dataclasses.fields(node))))
    return tuple(name for name in names if not _LAYOUT.search(name))


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The nodes right below a node in the order of the text, without those that only lay it out.

    `CSTNode.children` runs a visitor over each node, which is most of the time of a run that looks at many.
    """
    kind = type(node)
    fields = _fields_of.get(kind)
    if fields is None:
        fields = _fields_of[kind] = _fields(node)
    found: list[cst.CSTNode] = []
    for name in fields:
        value = getattr(node, name)
        if isinstance(value, (tuple, list)):
            found.extend(value)
        elif value is not None and not isinstance(value, (str, cst.MaybeSentinel)):
            found.append(value)
    return found


def dotted(node: cst.BaseExpression) -> str | None:
    """`a.b.c` for a name or attribute chain, `None` for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    return ".".join([node.value, *reversed(parts)])


def self_attribute(node: cst.CSTNode, receiver: str) -> str | None:
    """`fc` for `self.fc`, where `self` is called `receiver`."""
    if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == receiver:
        return node.attr.value
    return None


def summands(node: cst.CSTNode | None) -> tuple[cst.BaseExpression, ...]:
    """The expressions that an operator, an augmented assignment or a call brings together, a receiver included."""
    if isinstance(node, cst.BinaryOperation):
        return (node.left, node.right)
    if isinstance(node, cst.AugAssign):
        return (*((node.target,) if isinstance(node.target, cst.BaseExpression) else ()), node.value)
    if isinstance(node, cst.Call):
        receiver = (node.func.value,) if isinstance(node.func, cst.Attribute) else ()
        return (*receiver, *(item.value for item in node.args))
    return ()


def simple_statements(body: cst.BaseSuite) -> Iterator[cst.BaseStatement | cst.BaseSmallStatement]:
    """The statements of a suite, those of one line taken apart."""
    for statement in body.body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        else:
            yield statement
