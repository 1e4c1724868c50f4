"""Sizes as polynomials in the parameters of the constructor, and whether two of them can ever be the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import product

import libcst as cst

Monomial = tuple[str, ...]
Polynomial = Mapping[Monomial, int]
"""The factor of each product of names; the empty product stands for a number alone."""

_ALONE: Monomial = ()


def polynomial(node: cst.BaseExpression, names: frozenset[str]) -> Polynomial | None:
    """What an expression is in terms of some names; a quotient is a name of its own. `None` for anything else."""
    if isinstance(node, cst.Integer):
        return _without_zeros({_ALONE: node.evaluated_value})
    if isinstance(node, cst.Name):
        return {(node.value,): 1} if node.value in names else None
    if not isinstance(node, cst.BinaryOperation):
        return None
    left, right = polynomial(node.left, names), polynomial(node.right, names)
    if left is None or right is None:
        return None
    if isinstance(node.operator, cst.Add):
        return _sum(left, right, 1)
    if isinstance(node.operator, cst.Subtract):
        return _sum(left, right, -1)
    if isinstance(node.operator, cst.Multiply):
        return _product(left, right)
    return _quotient(left, right) if isinstance(node.operator, cst.FloorDivide) else None


def differ_always(one: Polynomial, other: Polynomial) -> bool:
    """Whether no values of the names make two sizes the same positive number.

    A difference that is a number is never zero. A difference of one product is zero where one of its names is, which no
    size is if that leaves nothing of it. A difference of more may always be zero somewhere.
    """
    difference = _sum(one, other, -1)
    if len(difference) != 1:
        return _has_no_root(difference, one)
    (factors,) = difference
    return all(not _where_zero(one, name) for name in set(factors))


def _has_no_root(difference: Polynomial, one: Polynomial) -> bool:
    """Whether `a * name + b` is zero for no whole number, or where the size is none."""
    if len(difference) != 2 or _ALONE not in difference:
        return False
    ((name, *rest),) = (factors for factors in difference if factors)
    if rest or "//" in name:
        return False
    root, left = divmod(-difference[_ALONE], difference[(name,)])
    if left:
        return True
    sizes = [one[factors] * root ** len(factors) for factors in one if set(factors) <= {name}]
    return len(sizes) == len(one) and sum(sizes) <= 0


def _where_zero(size: Polynomial, name: str) -> Polynomial:
    return {factors: number for factors, number in size.items() if name not in factors}


def _sum(one: Polynomial, other: Polynomial, sign: int) -> Polynomial:
    found = Counter(one)
    for factors, number in other.items():
        found[factors] += sign * number
    return _without_zeros(found)


def _product(one: Polynomial, other: Polynomial) -> Polynomial:
    found: Counter[Monomial] = Counter()
    for (left, a), (right, b) in product(one.items(), other.items()):
        found[tuple(sorted((*left, *right)))] += a * b
    return _without_zeros(found)


def _quotient(one: Polynomial, other: Polynomial) -> Polynomial | None:
    divisor = other.get(_ALONE, 0)
    if set(other) == {_ALONE} and set(one) <= {_ALONE}:
        return _without_zeros({_ALONE: one.get(_ALONE, 0) // divisor})
    return {(f"{sorted(one.items())} // {sorted(other.items())}",): 1} if other else None


def _without_zeros(found: Polynomial) -> Polynomial:
    return {factors: number for factors, number in found.items() if number}
