"""The numbers that constructor expressions stand for: what holds whatever the unknown parameters are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

import libcst as cst

from nn_lint.model.method import Method, bound_names, names
from nn_lint.model.syntax import walk

Number = int | tuple[int, ...]
Numbers = Mapping[str, Number]

_SAMPLES = frozenset({1, 2, 3, 8})
_MOST_CASES = 4096
_OPERATORS: Mapping[type[cst.BaseBinaryOp], Callable[[int, int], int]] = {
    cst.Add: lambda a, b: a + b,
    cst.Subtract: lambda a, b: a - b,
    cst.Multiply: lambda a, b: a * b,
}


def evaluate(node: cst.BaseExpression | None, known: Numbers) -> Number | None:
    """The number or tuple of numbers that an expression gives; `None` where a name in it is not known."""
    if isinstance(node, cst.Integer):
        return node.evaluated_value
    if isinstance(node, cst.Name):
        return known.get(node.value)
    if isinstance(node, (cst.Tuple, cst.List)):
        found = tuple(evaluate(item.value, known) for item in node.elements)
        plain = tuple(item for item in found if isinstance(item, int))
        return plain if len(plain) == len(found) else None
    return _operation(node, known) if isinstance(node, cst.BinaryOperation) else None


def _operation(node: cst.BinaryOperation, known: Numbers) -> int | None:
    left, right = evaluate(node.left, known), evaluate(node.right, known)
    if not isinstance(left, int) or not isinstance(right, int):
        return None
    if isinstance(node.operator, cst.FloorDivide):
        return left // right if right else None
    operator = _OPERATORS.get(type(node.operator))
    return None if operator is None else operator(left, right)


def cases(init: Method, expressions: Iterable[cst.BaseExpression | None], given: Numbers) -> Iterator[Numbers]:
    """The known numbers, with every choice of telling numbers for the other parameters that expressions name.

    Parameters that the constructor binds anew stay unknown, and so do all where there are too many choices.
    """
    rebound = set(bound_names(init.node.body))
    known = {name: number for name, number in given.items() if name not in rebound}
    asked = [node for node in expressions if node is not None]
    named = {name.value for node in asked for name in names(node)}
    free = sorted(named & {item.name for item in init.parameters[1:]} - rebound - set(known))
    samples = sorted(item for item in _SAMPLES | set(_telling(asked)) if item > 0) if free else ()
    if len(samples) ** len(free) > _MOST_CASES:
        yield known
        return
    for chosen in product(samples, repeat=len(free)):
        yield {**known, **dict(zip(free, chosen))}


def _telling(expressions: Iterable[cst.BaseExpression]) -> Iterator[int]:
    """The numbers that are written in expressions, and those that one of them times, plus or minus a sample gives.

    Where `hidden` meets `64`, or `4 * hidden` does, some parameter makes the two equal.
    """
    nodes = (found for node in expressions for found in walk(node, cst.Integer))
    written = {node.evaluated_value for node in nodes if isinstance(node, cst.Integer)}
    for one in written:
        for other in written | _SAMPLES:
            yield from (one, one + other, abs(one - other), one * other, one // max(other, 1))
