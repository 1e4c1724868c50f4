"""Evaluates the expressions of a `forward` over abstract values; functions met on the way are run in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model import functions
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_INLINE_DEPTH = 5
CONSTANT = Value(Kind.CONSTANT)
Environment = dict[str, Value]


@dataclass(slots=True)
class Flow:
    """What a forward computes.

    `inputs` are its parameters, `returned` the values of its `return`s, `values` all that were met on the way, used or
    not. `made` tells which value an expression had; `discarded` are expression statements, `bound` assignments to local
    names in the order of execution, `unreachable` the statements behind a `return` of the same block.
    """

    inputs: tuple[Value, ...] = ()
    returned: list[tuple[cst.CSTNode, Value]] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    made: dict[cst.CSTNode, Value] = field(default_factory=dict)
    discarded: list[tuple[cst.Expr, Value]] = field(default_factory=list)
    bound: list[tuple[str, cst.CSTNode, Value]] = field(default_factory=list)
    unreachable: list[cst.CSTNode] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Callable:
    """A function that a name stands for: a method, a nested function or a lambda, with what it closes over."""

    node: cst.FunctionDef | cst.Lambda
    environment: Environment
    bound: bool


class Expressions(ABC):
    """Evaluates expressions in an environment of names; how a block of statements runs is the subclass's part."""

    def __init__(self, cls: ModuleClass, receiver: str) -> None:
        self.flow = Flow()
        self._cls = cls
        self._receiver = receiver
        self._depth = 0
        self._callables: dict[int, _Callable] = {}
        self.returns: list[list[Value]] = []

    @abstractmethod
    def suite(self, body: cst.BaseSuite, environment: Environment) -> bool:
        """Run a block; tells whether its end is reached."""

    def make(self, kind: Kind, operands: Iterable[Value], name: str = "", node: cst.CSTNode | None = None) -> Value:
        """A new value, remembered as that of its node."""
        value = Value(kind, tuple(operands), name, node)
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
            parts = (
                value.operands
                if value.kind is Kind.COLLECTION and len(value.operands) == len(target.elements)
                else None
            )
            for index, element in enumerate(target.elements):
                part = parts[index] if parts else self.make(Kind.ITEM, (value,), value.name)
                self.bind(element.value, part, environment, statement)
        elif (name := self_attribute(target, self._receiver)) is not None:
            environment[f"{self._receiver}.{name}"] = value
        elif isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name):
            before = environment.get(target.value.value, CONSTANT)
            environment[target.value.value] = self.make(Kind.COLLECTION, (before, value))

    def expression(self, node: cst.CSTNode, environment: Environment) -> Value:
        """The value of an expression."""
        value = self._expression(node, environment)
        self.flow.made.setdefault(node, value)
        return value

    def _expression(self, node: cst.CSTNode, environment: Environment) -> Value:
        if isinstance(node, cst.Name):
            return environment.get(node.value, CONSTANT)
        if isinstance(node, cst.Call):
            return self._call(node, environment)
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
        inner = [self.expression(child, environment) for child in node.children if isinstance(child, _EVALUATED)]
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
        element = node.slice[0].slice if len(node.slice) == 1 else None
        if value.kind is Kind.COLLECTION and isinstance(element, cst.Index) and isinstance(element.value, cst.Integer):
            index = int(element.value.value)
            if index < len(value.operands):
                return value.operands[index]
        indices = [
            self.expression(item.slice.value, environment) for item in node.slice if isinstance(item.slice, cst.Index)
        ]
        return self.make(Kind.ITEM, (value, *indices), value.name, node)

    def item(self, iterated: Value) -> Value:
        """One turn's value of a loop over something."""
        if iterated.kind is Kind.COLLECTION and iterated.name in functions.ITERATING:
            parts = [self.item(operand) for operand in iterated.operands]
            if iterated.name == "enumerate":
                return self.make(Kind.COLLECTION, (CONSTANT, *parts[:1]))
            return self.make(Kind.COLLECTION, parts) if iterated.name == "zip" else parts[0] if parts else CONSTANT
        return self.make(Kind.ITEM, (iterated,), iterated.name)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp, environment: Environment) -> Value:
        inside = dict(environment)
        loop: cst.CompFor | None = node.for_in
        while loop is not None:
            iterated = self.expression(loop.iter, inside)
            self.bind(loop.target, self.item(iterated), inside, node)
            loop = loop.inner_for_in
        return self.make(Kind.COLLECTION, (self.expression(node.elt, inside),), "", node)

    def _call(self, node: cst.Call, environment: Environment) -> Value:
        arguments = [self.expression(item.value, environment) for item in node.args]
        if isinstance(node.func, cst.Attribute) and self_attribute(node.func, self._receiver) is None:
            method = self._method_call(node, node.func, arguments, environment)
            if method is not None:
                return method
        if isinstance(node.func, cst.Name) and node.func.value in functions.ITERATING:
            return self.make(Kind.COLLECTION, arguments, node.func.value, node)
        callee = self.expression(node.func, environment)
        if id(callee) in self._callables:
            return self._run(self._callables[id(callee)], node, arguments)
        for index, argument in enumerate(arguments):
            if id(argument) in self._callables:
                return self._run(
                    self._callables[id(argument)], node, [*arguments[:index], *arguments[index + 1 :]], skip=1
                )
        submodule = self._submodule(callee)
        if submodule is not None:
            value = self.make(Kind.LAYER, arguments, submodule, node)
            value.layer = self._cls.layers.only(submodule)
            return value
        name = (dotted(node.func) or "").split(".")[-1]
        handed = next((found for item in arguments if (found := self._handed(item, name)) is not None), None)
        if handed is not None:
            value = self.make(Kind.LAYER, arguments, handed, node)
            value.layer = self._cls.layers.only(handed)
            return value
        is_torch = isinstance(node.func, cst.Name) and functions.is_torch(self._cls, name, environment)
        kind = functions.function_kind(name, is_torch=is_torch)
        return self.make(kind, _collected(arguments), name, node) if kind is not Kind.CONSTANT else CONSTANT

    def _method_call(
        self, node: cst.Call, func: cst.Attribute, arguments: list[Value], environment: Environment
    ) -> Value | None:
        """`x.relu()`, `torch.cat(...)`, `F.relu(x)`, `super().forward(x)`, `self.quant.add(x, y)`."""
        name = func.attr.value
        origin = dotted(func)
        if isinstance(func.value, cst.Call) and dotted(func.value.func) == "super":
            return self._super_call(name, node, arguments)
        if origin is not None and functions.is_torch(self._cls, origin, environment):
            kind = functions.function_kind(name, is_torch=True)
            return self.make(kind, _collected(arguments), name, node) if kind is not Kind.CONSTANT else CONSTANT
        receiver = self.expression(func.value, environment)
        if receiver.depends or receiver.kind is Kind.COLLECTION:
            if name in ("append", "insert", "extend", "add") and isinstance(func.value, cst.Name):
                environment[func.value.value] = self.make(Kind.COLLECTION, (receiver, *arguments))
            kind = functions.method_kind(name)
            return (
                self.make(kind, (receiver, *_collected(arguments)), name, node)
                if kind is not Kind.CONSTANT
                else CONSTANT
            )
        if receiver.kind is Kind.CONSTANT and not receiver.name and isinstance(func.value, cst.Name):
            environment[func.value.value] = self.make(Kind.COLLECTION, (receiver, *arguments))
        if receiver.name and name in functions.FUSED_SUMS:
            return self.make(Kind.ADD, arguments, name, node)
        return None

    def _super_call(self, name: str, node: cst.Call, arguments: list[Value]) -> Value:
        method = next((found for cls in self._cls.ancestors if (found := cls.method(name))), None)
        if method is None:
            return self.make(Kind.LAYER if name == "forward" else Kind.UNKNOWN, arguments, "super", node)
        return self._run(_Callable(method.node, {}, bound=True), node, arguments)

    def _submodule(self, callee: Value) -> str | None:
        """The attribute of the submodule that a value is or comes out of: `fc`, or `layers[]` for an item of a list."""
        origin = callee
        while origin.kind is Kind.ITEM and origin.operands and not origin.depends:
            origin = origin.operands[0]
        prefix = f"{self._receiver}."
        if origin.kind is not Kind.CONSTANT or not origin.name.startswith(prefix):
            return None
        attribute = origin.name.removeprefix(prefix)
        return attribute if callee is origin else f"{attribute}[]"

    def _handed(self, argument: Value, function: str) -> str | None:
        """The submodule that a function of this name is handed to call it; sizes and switches of the class are none."""
        found = self._submodule(argument)
        if found is None or "checkpoint" in function:
            return found
        attribute = found.removesuffix("[]")
        is_module = attribute in self._cls.called_attributes or attribute in self._cls.layers.by_attribute
        return found if is_module else None

    def function(self, node: cst.FunctionDef | cst.Lambda, environment: Environment, *, bound: bool) -> Value:
        """The value that stands for a function of the text until it is called."""
        value = Value(Kind.CONSTANT, (), "function")
        self.flow.values.append(value)
        self._callables[id(value)] = _Callable(node, environment, bound)
        return value

    def _run(self, function: _Callable, call: cst.Call, arguments: list[Value], skip: int = 0) -> Value:
        """Run a function of the text in place; past some depth its result is unknown."""
        if self._depth >= _INLINE_DEPTH:
            return self.make(Kind.UNKNOWN, arguments, "", call)
        environment = dict(function.environment)
        self._fill(function, call, arguments, environment, skip)
        self._depth += 1
        if isinstance(function.node, cst.Lambda):
            result = self.expression(function.node.body, environment)
        else:
            self.returns.append([])
            self.suite(function.node.body, environment)
            returned = tuple(dict.fromkeys(self.returns.pop())) or (CONSTANT,)
            result = returned[0] if len(returned) == 1 else self.make(Kind.CHOICE, returned)
        self._depth -= 1
        self.flow.made[call] = result
        return result

    def _fill(
        self, function: _Callable, call: cst.Call, arguments: list[Value], environment: Environment, skip: int
    ) -> None:
        parameters = function.node.params
        names = [item.name.value for item in (*parameters.posonly_params, *parameters.params)][int(function.bound) :]
        given = list(call.args)[skip:]
        position = 0
        for argument, value in zip(given, arguments):
            if argument.keyword is not None:
                environment[argument.keyword.value] = value
            elif argument.star == "" and position < len(names):
                environment[names[position]] = value
                position += 1
            elif isinstance(parameters.star_arg, cst.Param):
                environment[parameters.star_arg.name.value] = self.make(Kind.COLLECTION, (value,))
            else:
                for name in names[position:]:
                    environment.setdefault(name, self.make(Kind.ITEM, (value,)))


_EVALUATED = (cst.BaseExpression, cst.Arg, cst.Element, cst.DictElement, cst.BooleanOperation, cst.UnaryOperation)


def _collected(arguments: Iterable[Value]) -> list[Value]:
    """Arguments with lists and tuples taken apart."""
    found: list[Value] = []
    for argument in arguments:
        found.extend(argument.operands if argument.kind is Kind.COLLECTION else (argument,))
    return found
