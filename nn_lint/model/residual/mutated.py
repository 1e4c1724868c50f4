"""Saved inputs that an in-place operation overwrites before they are added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.bindings import bindings
from nn_lint.model.inplace import InPlace, last_step
from nn_lint.model.memory import Memory
from nn_lint.model.places import Places
from nn_lint.model.residual.names import SAVED_INPUT, SHORTCUT_ATTRIBUTE
from nn_lint.model.syntax import summands
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_SUMS = (Kind.ADD, Kind.SUBTRACT)


@dataclass(frozen=True, slots=True)
class MutatedIdentity:
    """A write into a tensor that is added afterwards as what it was before. `identity` is the operand of the sum."""

    write: InPlace
    root: Value
    identity: Value
    sum: Value


def mutated_identities(cls: ModuleClass) -> Iterator[MutatedIdentity]:
    """The first write into each memory that a later residual sum reads by a name from before."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None:
        return
    memory, places = Memory(cls, flow), Places(cls, forward, flow)
    kept = {item for _, result in flow.returned for item in result.ancestors()}
    sums = [value for value in flow.values if value.kind in _SUMS and value in kept]
    seen: set[Value | cst.CSTNode] = set()
    rectified: set[Value] = set()
    for write, root in memory.writes:
        repeats = _rectifies_operand(write) and (root in rectified or _is_rectified(cls, write.value.operands[0]))
        if _rectifies_operand(write) and places.is_unconditional(write.value):
            rectified.add(root)
        if root in seen or write.node in seen or repeats:
            continue
        others = (item for item in sums if item.node is not write.value.node)
        later = tuple(item for item in others if places.runs_with(write.value, item))
        found = next((pair for item in later if (pair := _stale(cls, memory, write, root, item))), None)
        if found is not None:
            seen |= {root, write.node}
            yield MutatedIdentity(write, root, *found)
        elif (renamed := next((item for item in later if _is_renamed(cls, write, item)), None)) is not None:
            seen.add(root)
            yield MutatedIdentity(write, root, write.value, renamed)


def _stale(cls: ModuleClass, memory: Memory, write: InPlace, root: Value, total: Value) -> tuple[Value, Value] | None:
    """The operand of a later sum that is the overwritten memory, where the other one was made of what was written."""
    if not memory.is_before(write.value, total):
        return None
    made_of = root if _is_statement(cls, write) else write.value
    for operand in total.dependent_operands:
        others = [item for item in total.operands if item is not operand]
        if not any(made_of in item.ancestors() for item in others):
            continue
        read = _source(operand)
        is_read_later = read is operand or memory.is_before(write.value, operand)
        if is_read_later and memory.passes_by(read, root, write.value) and not _is_meant(cls, write, total, operand):
            return read, total
    return None


def _is_renamed(cls: ModuleClass, write: InPlace, total: Value) -> bool:
    """Whether a sum reads a saved input that a statement such as `x.mul_(y)` has changed under its other name.

    The flow lets every name of a tensor stand for what it is now, so no assignment has given the name that value.
    """
    flow = cls.flow
    if flow is None or not _is_statement(cls, write):
        return False
    written = [_name(node) for node in summands(write.value.node)[:1]]
    names = {_name(node) for node in summands(total.node) if flow.made.get(node) is write.value} - {None, *written}
    assigned = {name for name, _, value in flow.bound if value is write.value}
    is_saved = any(name and SAVED_INPUT.fullmatch(name) for name in names - assigned)
    return is_saved and all(write.value in side.ancestors() for side in total.operands)


def _source(operand: Value) -> Value:
    """What a product with something that does not depend on the input scales, or a shortcut projects."""
    factors = operand.dependent_operands
    if operand.kind is Kind.LAYER and SHORTCUT_ATTRIBUTE.fullmatch(operand.name) and len(factors) == 1:
        return factors[0]
    return factors[0] if operand.kind is Kind.MULTIPLY and len(factors) == 1 else operand


def _is_meant(cls: ModuleClass, write: InPlace, total: Value, operand: Value) -> bool:
    """Whether a write stands as a statement of its own, `x.relu_()`, and what is added goes by the same name."""
    flow = cls.flow
    if flow is None or not _is_statement(cls, write):
        return False
    written = {_name(node) for node in summands(write.value.node) if flow.made.get(node) is write.value.operands[0]}
    added = {_name(node) for node in summands(total.node) if flow.made.get(node) is operand}
    if None in written | added or not (written and added) or written & added:
        return True
    assert write.value.node is not None, "a write is made by a node"
    start = cls.syntax.span(write.value.node).start
    return any(name in added and cls.syntax.span(statement).start > start for name, statement, _ in bindings(cls))


def _is_statement(cls: ModuleClass, write: InPlace) -> bool:
    """Whether nothing takes the result of a write."""
    return cls.flow is not None and any(value is write.value for _, value in cls.flow.discarded)


def _rectifies_operand(write: InPlace) -> bool:
    return write.function == "relu"


def _is_rectified(cls: ModuleClass, value: Value) -> bool:
    step = last_step(cls, value)
    return step is not None and step.name == "relu"


def _name(node: cst.CSTNode | None) -> str | None:
    return node.value if isinstance(node, cst.Name) else None
