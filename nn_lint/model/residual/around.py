"""Sums that a caller makes around a block: the block's input is added to what the block made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.items import class_called
from nn_lint.model.residual.routes import adds_its_input
from nn_lint.model.residual.steps import is_activation, is_norm, settled
from nn_lint.model.residual.terms import is_plain_sum, users_in
from nn_lint.model.values import Kind, Value
from nn_lint.project.code_text import method_code
from nn_lint.project.hierarchy import ProjectClass, Resolved

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ON_PURPOSE = re.compile(
    r"(?:residuals?|skips?)[-_ ]?(?:in|of|within|over)[-_ ]?(?:the[-_ ]?)?(?:residual|skip)"
    r"|(?:double|dual|two|long|outer|global|nested)[-_ ]?(?:skip|residual|shortcut)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SumAround:
    """`x + self.block(x)` in the text of a class. `called` is the block's class."""

    node: cst.CSTNode
    made: Value
    called: ProjectClass


def sums_around(cls: ModuleClass) -> Iterator[SumAround]:
    """The sums of a forward that add a submodule's one input to its result, where nothing else takes that result."""
    flow = cls.flow
    if flow is None:
        return
    users = users_in(flow)
    for total in flow.values:
        if total.node is None or not is_plain_sum(total) or len(total.operands) != 2:
            continue
        for taken, result in (total.operands, total.operands[::-1]):
            made = settled(result)
            is_around = made.kind is Kind.LAYER and made.dependent_operands == (settled(taken),)
            is_alone = users.get(result) == {total} and len(users[made]) == 1
            called = class_called(cls, made) if is_around and is_alone else None
            if isinstance(called, ProjectClass) and called != cls.definition and cls.syntax.holds(total.node):
                yield SumAround(total.node, made, called)


def doubled_blocks(cls: ModuleClass) -> Iterator[SumAround]:
    """Sums around a block that adds its input by itself, as its last step and in all cases.

    The block is one of a list, or it adds nothing but constants, as positions are; around a single one, or around a
    block of blocks, a long shortcut may be meant, and so whatever says that it nests its shortcuts is left out.
    """
    for found in sums_around(cls):
        model = cls.registry.model(found.called)
        added = _added_at_last(model)
        is_plain = found.made.name.endswith("[]") or not any(item.depends for item in added)
        if added and is_plain and not any(_ON_PURPOSE.search(item.text) for item in (cls, model)):
            yield found


def _added_at_last(cls: ModuleClass) -> list[Value]:
    """What every result of a forward adds to its first parameter; empty where one does not, or a submodule may too."""
    flow = cls.flow
    if flow is None or not flow.inputs or flow.unreachable:
        return []
    source, calls = flow.inputs[0], [value for value in flow.values if value.kind is Kind.LAYER]
    if any(value.layer is None or adds_its_input(cls, value) for value in calls):
        return []
    added = [_added_to(source, result) for _, result in flow.returned]
    return [item for items in added for item in items] if all(added) else []


def _added_to(source: Value, result: Value) -> list[Value]:
    """The other terms of a plain sum in which a source stands once, at most activated or normalised at last."""
    inner = settled(result)
    while is_activation(inner) or is_norm(inner):
        inner = settled(inner.operands[0])
    sides = [settled(operand) for operand in inner.operands] if is_plain_sum(inner) else []
    return [side for side in sides if side is not source] if sides.count(source) == 1 else []


_ADDS = re.compile(r"\+|\badd_?\b|\bsum\b")
_CALLEE = re.compile(r"\b[A-Za-z_][\w.]*(?=\s*\()")


def calls_an_adder(cls: ModuleClass) -> bool:
    """Whether the text of a class, or of one that it inherits from, builds a class that adds something in its forward.

    No libcst is needed to say no.
    """
    return any(_adds_something(cls, item.resolve(name)) for item in (cls, *cls.ancestors) for name in _callees(item))


def _callees(cls: ModuleClass) -> frozenset[str]:
    return frozenset(_CALLEE.findall(cls.text))


def _adds_something(cls: ModuleClass, called: Resolved) -> bool:
    if not isinstance(called, ProjectClass):
        return False
    code = method_code(called.facts, cls.registry.model(called).text, "forward")
    return _ADDS.search(code) is not None
