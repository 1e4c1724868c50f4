"""The sums by which a `forward` gets its input back, and its class without them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.residual.names import SHORTCUT_ATTRIBUTE
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.expressions import Flow
    from nn_lint.model.module_class import ModuleClass

_PASSING_ON = frozenset(
    {Kind.OPERATION, Kind.ITEM, Kind.COLLECTION, Kind.MULTIPLY, Kind.ADD, Kind.LAYER, Kind.UNKNOWN, Kind.CONCATENATE}
)
_MOST_PROJECTED = 3
"""As many layers may stand on a projected shortcut."""
_METHODS = frozenset({"add", "add_", "add_relu", "sum"})


@dataclass(frozen=True, slots=True, eq=False)
class ResidualSum:
    """A sum as it is written. `dropped` are the terms nearer the input; `is_input`: one of them is the input itself
    (or a projection of it), and the sum reaches what is returned."""

    root: cst.CSTNode
    dropped: tuple[cst.CSTNode, ...]
    is_input: bool


def residual_sums(cls: ModuleClass, flow: Flow) -> list[ResidualSum]:
    """Every sum in the text of a class one term of which is nearer the input than another made of the same."""
    parents = dict(_parents(cls.syntax.node))
    returned = {value for _, result in flow.returned for value in result.ancestors()}
    found = []
    for root in _roots(parents, flow):
        terms = {term: flow.made[term] for term in _terms(root) if term in flow.made}
        near = {term: source for term in terms if (source := _source(term, terms)) is not None}
        if near and any(value.depends for term, value in terms.items() if term not in near):
            is_input = flow.made[root] in returned and any(map(_is_input, near.values()))
            found.append(ResidualSum(root, tuple(near), is_input))
    return found


def _parents(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Every node below another with the one above it; libcst's own `children` are several times slower."""
    for name in node.__dataclass_fields__:
        found = getattr(node, name)
        for child in found if isinstance(found, (tuple, list)) else (found,):
            if isinstance(child, cst.CSTNode) and not isinstance(child, cst.BaseParenthesizableWhitespace):
                yield child, node
                yield from _parents(child)


def _roots(parents: dict[cst.CSTNode, cst.CSTNode], flow: Flow) -> Iterator[cst.CSTNode]:
    roots: dict[cst.CSTNode, None] = {}
    for node, value in flow.made.items():
        if value.kind is not Kind.ADD or node not in parents or not isinstance(node, _FORMS):
            continue
        root = node
        while _is_plus(parents[root], root):
            root = parents[root]
        if root in flow.made:
            roots[root] = None
    yield from roots


_FORMS = (cst.BinaryOperation, cst.AugAssign, cst.Call)


def _is_plus(node: cst.CSTNode, child: cst.CSTNode) -> bool:
    if isinstance(node, cst.AugAssign):
        return isinstance(node.operator, cst.AddAssign) and node.value is child
    return isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add)


def _terms(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The terms of `a + b + c`, of `a += b + c`, and of the calls that add."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
        return [*_terms(node.left), *_terms(node.right)]
    if isinstance(node, cst.AugAssign):
        return [node.target, *_terms(node.value)]
    return call_terms(node) if isinstance(node, cst.Call) else [node]


def call_terms(call: cst.Call) -> list[cst.CSTNode]:
    """What `torch.add(a, b)`, `a.add_(b)`, `self.quant.add(a, b)` and `sum([a, b])` add; the call itself otherwise."""
    arguments = [item.value for item in call.args if item.keyword is None or item.keyword.value in ("input", "other")]
    name = call.func.attr.value if isinstance(call.func, cst.Attribute) else getattr(call.func, "value", "")
    if name not in _METHODS:
        return [call]
    if len(arguments) == 1 and isinstance(arguments[0], (cst.List, cst.Tuple)):
        return [element.value for element in arguments[0].elements]
    if len(arguments) == 1 and isinstance(call.func, cst.Attribute):
        return [call.func.value, arguments[0]]
    return list(arguments) if len(arguments) == 2 else [call]


def _source(term: cst.CSTNode, terms: dict[cst.CSTNode, Value]) -> Value | None:
    """The value that a term passes on, where another term is made of it by more layers."""
    passed = passed_on(terms[term])
    for other, value in terms.items():
        if other is term or not value.depends or value is terms[term]:
            continue
        depths = value.depths()
        source = next((item for item in passed if item in depths), None)
        if source is None:
            continue
        own, beyond = passed[source], depths[source]
        if own < beyond and own <= _MOST_PROJECTED:
            return source
        if own == beyond == 1 and SHORTCUT_ATTRIBUTE.fullmatch(terms[term].name):
            return source
    return None


def passed_on(value: Value) -> dict[Value, int]:
    """What a value may be, or is made of alone, nearest first, with the least number of layers between."""
    found: dict[Value, int] = {}
    pending = [(value, 0)]
    while pending:
        current, depth = pending.pop(0)
        if found.get(current, depth + 1) <= depth:
            continue
        found[current] = depth
        operands = current.dependent_operands
        if current.kind is Kind.CHOICE or (len(operands) == 1 and current.kind in _PASSING_ON):
            step = depth + (current.kind in (Kind.LAYER, Kind.UNKNOWN))
            pending.extend((operand, step) for operand in operands)
    return found


def _is_input(source: Value) -> bool:
    return any(value.kind is Kind.INPUT and depth == 0 for value, depth in passed_on(source).items())
