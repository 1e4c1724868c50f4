"""Which values of a forward share their memory, and what writes into it; only what is certain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nn_lint.model.expressions import Flow
from nn_lint.model.inplace import InPlace, in_place, is_identity
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_VIEWS = frozenset(
    (
        "view view_as transpose permute unsqueeze squeeze narrow select t expand expand_as swapaxes swapdims movedim "
        "moveaxis unflatten detach diagonal unfold adjoint"
    ).split()
)
"""Methods and functions whose result is always a view: `reshape`, `contiguous` and `to` may copy."""


class Memory:
    """The aliases among the values of a flow, in the order in which they are made."""

    def __init__(self, cls: ModuleClass, flow: Flow) -> None:
        self._writes = {value: found for value in flow.values if (found := in_place(cls, value)) is not None}
        self._order = {value: index for index, value in enumerate((*flow.inputs, *flow.values))}
        self._roots: dict[Value, frozenset[Value]] = {}
        for value in self._order:
            sources = self.aliases(value)
            roots = [root for source in sources for root in self.roots(source)]
            self._roots[value] = frozenset(roots or [value])

    def aliases(self, value: Value) -> tuple[Value, ...]:
        """The values whose memory a value is; several where a condition decides, none where it has its own."""
        write = self._writes.get(value)
        if write is not None:
            return value.operands[:1] if write.gives_operand else ()
        if value.kind is Kind.CHOICE:
            return value.operands
        is_view = value.kind is Kind.OPERATION and value.name in _VIEWS
        return value.operands[:1] if is_view or is_identity(value) else ()

    def roots(self, value: Value) -> frozenset[Value]:
        """The values that memory was made with: one, or several where a condition decides."""
        return self._roots.get(value, frozenset({value}))

    @property
    def writes(self) -> Iterator[tuple[InPlace, Value]]:
        """Every write into a memory that is certain, with the value that the memory was made with."""
        for value, write in self._writes.items():
            roots = self.roots(value.operands[0])
            if len(roots) == 1:
                yield write, next(iter(roots))

    def is_before(self, first: Value, second: Value) -> bool:
        """Whether a value is made before another."""
        return self._order.get(first, -1) < self._order.get(second, -1)

    def passes_by(self, value: Value, root: Value, write: Value) -> bool:
        """Whether a value is the memory of `root` by a way that does not lead through the result of a write."""
        pending = [value]
        while pending:
            current = pending.pop()
            if current is root and current is not write:
                return True
            if current is not write:
                pending.extend(self.aliases(current))
        return False
