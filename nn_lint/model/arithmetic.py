"""The numbers that constructor expressions stand for: what holds whatever the unknown parameters are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

import libcst as cst

from nn_lint.model.method import Method, bound_names, names

Number = int | tuple[int, ...]
Numbers = Mapping[str, Number]

_SAMPLES = (1, 2, 3, 8)
_MOST_UNKNOWN = 4
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
    """The known numbers, with every choice of small numbers for the other parameters that expressions name.

    Parameters that the constructor binds anew stay unknown, and so do all where there are too many.
    """
    rebound = set(bound_names(init.node.body))
    known = {name: number for name, number in given.items() if name not in rebound}
    named = {name.value for node in expressions if node is not None for name in names(node)}
    free = sorted(named & {item.name for item in init.parameters[1:]} - rebound - set(known))
    if len(free) > _MOST_UNKNOWN:
        yield known
        return
    for chosen in product(_SAMPLES, repeat=len(free)):
        yield {**known, **dict(zip(free, chosen))}
