"""The values that flow through a `forward`: a graph from the inputs to what is returned."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

import libcst as cst

from nn_lint.model.layers import Layer


class Kind(Enum):
    """What made a value."""

    INPUT = "a parameter of forward"
    CONSTANT = "something that the inputs do not reach"
    LAYER = "a call of a submodule"
    OPERATION = "a function or method of one or more values"
    ADD = "a sum"
    SUBTRACT = "a difference"
    MULTIPLY = "a product"
    CONCATENATE = "a concatenation"
    ITEM = "a part of a value"
    COLLECTION = "a tuple, list or dict of values"
    CHOICE = "one of several values, by a condition or loop"
    UNKNOWN = "a call that cannot be looked into"


@dataclass(slots=True, eq=False)
class Value:
    """One value. `name` is the submodule's attribute, the function or the parameter; `node` where it was made.

    `index` tells which part of its operand an item is, where that is written as a number or by unpacking.
    """

    kind: Kind
    operands: tuple[Value, ...] = ()
    name: str = ""
    node: cst.CSTNode | None = None
    layer: Layer | None = None
    index: int | None = None
    depends: bool = field(init=False)

    def __post_init__(self) -> None:
        self.depends = self.kind is Kind.INPUT or any(operand.depends for operand in self.operands)

    @property
    def dependent_operands(self) -> tuple[Value, ...]:
        """The distinct operands that the inputs reach."""
        return tuple(dict.fromkeys(operand for operand in self.operands if operand.depends))

    def ancestors(self) -> Iterator[Value]:
        """The value and everything that it was made of, each once."""
        seen: set[int] = set()
        pending = [self]
        while pending:
            current = pending.pop()
            if id(current) not in seen:
                seen.add(id(current))
                yield current
                pending.extend(current.operands)

    def depths(self) -> dict[Value, int]:
        """Every dependent ancestor with the least number of layers between it and this value."""
        found: dict[Value, int] = {}
        pending = deque([(0, self)])
        while pending:
            depth, current = pending.popleft()
            if not current.depends or current in found:
                continue
            found[current] = depth
            if current.kind in (Kind.LAYER, Kind.UNKNOWN):
                pending.extend((depth + 1, operand) for operand in current.operands)
            else:
                pending.extendleft((depth, operand) for operand in current.operands)
        return found

    def straight_path(self) -> tuple[Value, ...] | None:
        """The values from an input to this one, where each is made of exactly one that the inputs reach."""
        path = [self]
        while path[-1].kind is not Kind.INPUT:
            operands = path[-1].dependent_operands
            if len(operands) != 1:
                return None
            path.append(operands[0])
        return tuple(reversed(path))


def is_residual_sum(value: Value) -> bool:
    """A sum (or difference) one side of which reaches, past at least one layer less, what the other is made of."""
    if value.kind not in (Kind.ADD, Kind.SUBTRACT):
        return False
    sides = value.dependent_operands
    if len(sides) < 2:
        return False
    depths = [side.depths() for side in sides]
    shared = set(depths[0]).intersection(*depths[1:])
    return any(len({depth[ancestor] for depth in depths}) > 1 for ancestor in shared)
