"""Layers that `__init__` stores under a name that it gives to another one right after: the first is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import built_class, holds_weights
from nn_lint.model.method import Method
from nn_lint.model.occurrences import name_occurrences
from nn_lint.model.syntax import self_attribute, simple_statements, walk

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class OverwrittenLayer:
    """The statement that takes the name of a layer away; `in_loop`: it is its own, in the next round."""

    attribute: str
    statement: cst.Assign
    in_loop: bool = False


def overwritten_layers(cls: ModuleClass) -> Iterator[OverwrittenLayer]:
    """Stores of layers with weights, one block, one name, and nothing that could take the first in between."""
    init = cls.init
    for block in walk(init.node, cst.IndentedBlock, into_scopes=False) if init is not None else ():
        if init is not None and isinstance(block, cst.IndentedBlock):
            yield from _in_row(cls, init, tuple(simple_statements(block)))
    for loop in walk(init.node.body, cst.For, into_scopes=False) if init is not None else ():
        if init is not None and isinstance(loop, cst.For) and isinstance(loop.body, cst.IndentedBlock):
            yield from _in_loop(cls, init, tuple(simple_statements(loop.body)))


def _in_row(cls: ModuleClass, init: Method, statements: Sequence[cst.CSTNode]) -> Iterator[OverwrittenLayer]:
    stored: dict[str, int] = {}
    for index, statement in enumerate(statements):
        attribute = _stored(cls, init, statement)
        if attribute is None or not isinstance(statement, cst.Assign):
            continue
        before = stored.get(attribute)
        stored[attribute] = index
        first = statements[before] if before is not None else None
        if before is None or not isinstance(first, cst.Assign) or not _is_loss(cls, init, attribute, first, statement):
            continue
        if not any(_may_take(init, attribute, item) for item in (*statements[before + 1 : index], statement.value)):
            yield OverwrittenLayer(attribute, statement)


def _in_loop(cls: ModuleClass, init: Method, statements: Sequence[cst.CSTNode]) -> Iterator[OverwrittenLayer]:
    """`for _ in range(n): self.layer = nn.Linear(4, 4)`, where the loop does nothing else with the layer."""
    for statement in statements:
        attribute = _stored(cls, init, statement)
        if attribute is None or not isinstance(statement, cst.Assign):
            continue
        others = (item for item in statements if item is not statement)
        if not any(_may_take(init, attribute, item) for item in (*others, statement.value)):
            yield OverwrittenLayer(attribute, statement, in_loop=True)


def _stored(cls: ModuleClass, init: Method, statement: cst.CSTNode) -> str | None:
    """The attribute that a statement gives a new layer with weights, and nothing besides."""
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return None
    attribute = self_attribute(statement.targets[0].target, init.receiver)
    return attribute if attribute is not None and holds_weights(cls, init, statement.value) else None


def _is_loss(cls: ModuleClass, init: Method, attribute: str, first: cst.Assign, second: cst.Assign) -> bool:
    """Two layers of one class that differ, or that are wanted twice: a line that stands there twice does no harm.

    Nor does one that stands there again with more arguments: the first was made more exact.
    """
    if built_class(cls, init, first.value) != built_class(cls, init, second.value):
        return False
    given = [_arguments(cls, node.value) for node in (first, second)]
    if len(given[0]) < len(given[1]) and given[1][: len(given[0])] == given[0]:
        return False
    is_same = cls.syntax.text(first.value) == cls.syntax.text(second.value)
    return not is_same or len(list(cls.calls_on_self(attribute))) > 1


def _arguments(cls: ModuleClass, node: cst.BaseExpression) -> list[str]:
    return [cls.syntax.text(item.value) for item in node.args] if isinstance(node, cst.Call) else []


def _may_take(init: Method, attribute: str, node: cst.CSTNode) -> bool:
    """Whether code may read the attribute, by `self` or by what is called on it or is handed it, or may leave."""
    if any(True for _ in walk(node, cst.Return, cst.Break, cst.Continue)):
        return True
    return any(_is_open(attribute, chain) for chain in name_occurrences(node, init.receiver))


def _is_open(attribute: str, chain: Sequence[cst.CSTNode]) -> bool:
    """Whether the receiver is used for more than to take another attribute that is not called."""
    around = chain[-2] if len(chain) > 1 else None
    if not isinstance(around, cst.Attribute) or around.attr.value == attribute:
        return True
    return len(chain) > 2 and isinstance(chain[-3], cst.Call) and chain[-3].func is around
