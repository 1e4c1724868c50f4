"""Evaluates the expressions of a `forward` over abstract values; how calls and statements run is left to heirs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model import functions
from nn_lint.model.syntax import children, self_attribute
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

CONSTANT = Value(Kind.CONSTANT)
Environment = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Run:
    """A function of the text that a call ran in place, and which values of the flow it made on the way."""

    call: cst.Call
    function: cst.CSTNode
    start: int
    end: int


@dataclass(slots=True)
class Flow:
    """What a forward computes.

    `inputs` are its parameters, `returned` the values of its `return`s, `values` all that were met on the way, used or
    not. `made` tells which value an expression had; `discarded` are expression statements, `bound` assignments to local
    names in the order of execution, `unreachable` the statements behind a `return` of the same block. `runs` are the
    calls of functions of the text.
    """

    inputs: tuple[Value, ...] = ()
    returned: list[tuple[cst.CSTNode, Value]] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    made: dict[cst.CSTNode, Value] = field(default_factory=dict)
    discarded: list[tuple[cst.Expr, Value]] = field(default_factory=list)
    bound: list[tuple[str, cst.CSTNode, Value]] = field(default_factory=list)
    unreachable: list[cst.CSTNode] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


class Expressions(ABC):
    """Evaluates expressions in an environment of names; attributes of self stand there as `self.name`."""

    def __init__(self, cls: ModuleClass, receiver: str) -> None:
        self.flow = Flow()
        self._cls = cls
        self._receiver = receiver

    @abstractmethod
    def suite(self, body: cst.BaseSuite, environment: Environment) -> bool:
        """Run a block; tells whether its end is reached."""

    @abstractmethod
    def call(self, node: cst.Call, environment: Environment) -> Value:
        """The value of a call."""

    @abstractmethod
    def function(self, node: cst.FunctionDef | cst.Lambda, environment: Environment, *, bound: bool) -> Value:
        """The value that stands for a function of the text until it is called."""

    def make(
        self,
        kind: Kind,
        operands: Iterable[Value],
        name: str = "",
        node: cst.CSTNode | None = None,
        index: int | None = None,
    ) -> Value:
        """A new value, remembered as that of its node."""
        value = Value(kind, tuple(operands), name, node, index=index)
        self.flow.values.append(value)
        if node is not None:
            self.flow.made[node] = value
        return value

    def bind(self, target: cst.CSTNode, value: Value, environment: Environment, statement: cst.CSTNode) -> None:
        """Assign a value to a target: a name, an attribute of self, a tuple, an item of a local list."""
        if isinstance(target, cst.Name):
            environment[target.value] = value
            self.flow.bound.append((target.value, statement, value))
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element, part in zip(target.elements, self._parts(value, target.elements)):
                self.bind(element.value, part, environment, statement)
        elif (name := self_attribute(target, self._receiver)) is not None:
            environment[f"{self._receiver}.{name}"] = value
        elif isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name):
            before = environment.get(target.value.value, CONSTANT)
            environment[target.value.value] = self.make(Kind.COLLECTION, (before, value))

    def _parts(self, value: Value, targets: Sequence[cst.BaseElement]) -> list[Value]:
        """What each of several targets gets of a value; of a choice between tuples it is the choice of its parts."""
        count = len(targets)
        if value.kind is Kind.COLLECTION and len(value.operands) == count:
            return list(value.operands)
        if value.kind is Kind.CHOICE and all(
            item.kind is Kind.COLLECTION and len(item.operands) == count for item in value.operands
        ):
            choices = [tuple(dict.fromkeys(parts)) for parts in zip(*(item.operands for item in value.operands))]
            return [parts[0] if len(parts) == 1 else self.make(Kind.CHOICE, parts) for parts in choices]
        is_starred = any(isinstance(item, cst.StarredElement) for item in targets)
        return [
            self.make(Kind.ITEM, (value,), value.name, index=None if is_starred else index) for index in range(count)
        ]

    def expression(self, node: cst.CSTNode, environment: Environment) -> Value:
        """The value of an expression."""
        value = self._expression(node, environment)
        self.flow.made.setdefault(node, value)
        return value

    def _expression(self, node: cst.CSTNode, environment: Environment) -> Value:
        if isinstance(node, cst.Name):
            return environment.get(node.value, CONSTANT)
        if isinstance(node, cst.Call):
            return self.call(node, environment)
        if isinstance(node, cst.Attribute):
            return self._attribute(node, environment)
        if isinstance(node, cst.BinaryOperation):
            sides = [self.expression(side, environment) for side in (node.left, node.right)]
            return self.make(functions.operator_kind(node.operator), sides, "", node)
        if isinstance(node, cst.IfExp):
            sides = [self.expression(side, environment) for side in (node.body, node.orelse)]
            return sides[0] if sides[0] is sides[1] else self.make(Kind.CHOICE, sides, "", node)
        if isinstance(node, (cst.Tuple, cst.List, cst.Set)):
            return self.make(Kind.COLLECTION, [self.expression(item.value, environment) for item in node.elements])
        if isinstance(node, cst.Dict):
            return self.make(
                Kind.COLLECTION, [self.expression(item.value, environment) for item in node.elements], "", node
            )
        if isinstance(node, cst.Subscript):
            return self._subscript(node, environment)
        if isinstance(node, (cst.ListComp, cst.GeneratorExp, cst.SetComp)):
            return self._comprehension(node, environment)
        if isinstance(node, cst.Lambda):
            return self.function(node, environment, bound=False)
        return self._other(node, environment)

    def _other(self, node: cst.CSTNode, environment: Environment) -> Value:
        """Expressions that only pass on what stands in them."""
        if isinstance(node, cst.NamedExpr):
            value = self.expression(node.value, environment)
            self.bind(node.target, value, environment, node)
            return value
        if isinstance(node, cst.Comparison):
            for side in (node.left, *(target.comparator for target in node.comparisons)):
                self.expression(side, environment)
            return CONSTANT
        inner = [self.expression(child, environment) for child in children(node) if isinstance(child, _EVALUATED)]
        return inner[0] if len(inner) == 1 else self.make(Kind.OPERATION, inner) if inner else CONSTANT

    def _attribute(self, node: cst.Attribute, environment: Environment) -> Value:
        name = self_attribute(node, self._receiver)
        if name is not None:
            stored = environment.get(f"{self._receiver}.{name}")
            if stored is not None:
                return stored
            method = self._cls.find_method(name)
            if method is not None and not method.is_property:
                return self.function(method.node, {}, bound=not method.is_static)
            return self.make(Kind.CONSTANT, (), f"{self._receiver}.{name}", node)
        value = self.expression(node.value, environment)
        if not value.depends:
            return self.make(Kind.CONSTANT, (), value.name and f"{value.name}.{node.attr.value}", node)
        if node.attr.value in functions.WITHOUT_DATA:
            return CONSTANT
        return self.make(Kind.ITEM, (value,), node.attr.value, node)

    def _subscript(self, node: cst.Subscript, environment: Environment) -> Value:
        value = self.expression(node.value, environment)
        index = _index(node, value)
        if value.kind is Kind.COLLECTION and index is not None and index < len(value.operands):
            return value.operands[index]
        indices = [
            self.expression(item.slice.value, environment) for item in node.slice if isinstance(item.slice, cst.Index)
        ]
        return self.make(Kind.ITEM, (value, *indices), value.name, node, index)

    def element(self, iterated: Value) -> Value:
        """What a loop takes of a value: of `zip` and `enumerate` a tuple, of anything else an item."""
        if iterated.kind is Kind.COLLECTION and iterated.name in functions.PAIRING:
            places = (CONSTANT,) if iterated.name == "enumerate" else ()
            return self.make(Kind.COLLECTION, (*places, *map(self.element, iterated.operands)))
        return self.make(Kind.ITEM, (iterated,), iterated.name)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp, environment: Environment) -> Value:
        inside = dict(environment)
        loop: cst.CompFor | None = node.for_in
        while loop is not None:
            self.bind(loop.target, self.element(self.expression(loop.iter, inside)), inside, node)
            loop = loop.inner_for_in
        return self.make(Kind.COLLECTION, (self.expression(node.elt, inside),), "", node)


_EVALUATED = (cst.BaseExpression, cst.Arg, cst.Element, cst.DictElement, cst.BooleanOperation, cst.UnaryOperation)


def _index(node: cst.Subscript, value: Value) -> int | None:
    """The position that a subscript names: a number, or a key of a dict that was written out."""
    element = node.slice[0].slice if len(node.slice) == 1 else None
    if not isinstance(element, cst.Index):
        return None
    if isinstance(element.value, cst.Integer) and not isinstance(value.node, cst.Dict):
        return int(element.value.value, 0)
    if isinstance(element.value, cst.SimpleString) and isinstance(value.node, cst.Dict):
        keys = [item.key if isinstance(item, cst.DictElement) else None for item in value.node.elements]
        wanted = element.value.evaluated_value
        found = (
            place
            for place, key in enumerate(keys)
            if isinstance(key, cst.SimpleString) and key.evaluated_value == wanted
        )
        return next(found, None)
    return None
