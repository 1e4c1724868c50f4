"""Evaluates the calls of a `forward`: submodules, functions of torch, methods; functions of the text are run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model import functions
from nn_lint.model.expressions import CONSTANT, Environment, Expressions, Run
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_INLINE_DEPTH = 5
_GROWING = frozenset({"append", "insert", "extend", "add"})


@dataclass(frozen=True, slots=True)
class _Callable:
    """A function that a name stands for: a method, a nested function or a lambda, with what it closes over."""

    node: cst.FunctionDef | cst.Lambda
    environment: Environment
    bound: bool


_ONLY_RUNS = re.compile(r"checkpoint|apply_chunking_to_forward|^(?:partial|map|vmap|compile|script|trace|jit)$")
"""Functions that call what they are handed and give its result; others may do more with it, add to it for one."""


class Calls(Expressions):
    """Evaluates calls; functions met on the way are run in place, to some depth."""

    def __init__(self, cls: ModuleClass, receiver: str) -> None:
        super().__init__(cls, receiver)
        self._depth = 0
        self._callables: dict[int, _Callable] = {}
        self.returns: list[list[Value]] = []

    def call(self, node: cst.Call, environment: Environment) -> Value:
        """The value of a call."""
        arguments = [self.expression(item.value, environment) for item in node.args]
        if isinstance(node.func, cst.Attribute) and self_attribute(node.func, self._receiver) is None:
            method = self._method_call(node, node.func, arguments, environment)
            if method is not None:
                return method
        walked = self._walked(node, arguments, environment)
        if walked is not None:
            return walked
        callee = self.expression(node.func, environment)
        if id(callee) in self._callables:
            return self._run(self._callables[id(callee)], node, arguments, environment)
        name = (dotted(node.func) or "").split(".")[-1]
        for index, argument in enumerate(arguments):
            if id(argument) in self._callables:
                if _ONLY_RUNS.search(name) is None:
                    return self.make(Kind.UNKNOWN, arguments, name, node)
                rest = [*arguments[:index], *arguments[index + 1 :]]
                return self._run(self._callables[id(argument)], node, rest, environment, skip=1)
        submodule = self._submodule(callee)
        if submodule is not None:
            return self._layer(submodule, node, arguments)
        for index, argument in enumerate(arguments):
            handed = self._handed(argument, name)
            if handed is not None:
                return self._layer(handed, node, [*arguments[:index], *arguments[index + 1 :]])
        is_torch = isinstance(node.func, cst.Name) and functions.is_torch(self._cls, name, environment)
        kind = functions.function_kind(name, is_torch=is_torch)
        return self.make(kind, _collected(arguments), name, node) if kind is not Kind.CONSTANT else CONSTANT

    def _walked(self, node: cst.Call, arguments: list[Value], environment: Environment) -> Value | None:
        """What a builtin gives to walk over: `zip` and `enumerate` go hand in hand with what they are given."""
        name = node.func.value if isinstance(node.func, cst.Name) else ""
        if not arguments or name in environment or any(item.star for item in node.args):
            return None
        if name in functions.PAIRING:
            return self.make(Kind.COLLECTION, arguments[:1] if name == "enumerate" else arguments, name, node)
        return arguments[0] if name in functions.PASSED_ON else None

    def _layer(self, attribute: str, node: cst.Call, arguments: Sequence[Value]) -> Value:
        value = self.make(Kind.LAYER, arguments, attribute, node)
        value.layer = self._cls.layers.only(attribute)
        return value

    def _method_call(
        self, node: cst.Call, func: cst.Attribute, arguments: list[Value], environment: Environment
    ) -> Value | None:
        """`x.relu()`, `torch.cat(...)`, `F.relu(x)`, `super().forward(x)`, `self.quant.add(x, y)`."""
        name = func.attr.value
        origin = dotted(func)
        if isinstance(func.value, cst.Call) and dotted(func.value.func) == "super":
            return self._super_call(name, node, arguments, environment)
        if origin is not None and functions.is_torch(self._cls, origin, environment):
            return self._torch_call(name, node, arguments, environment)
        receiver = self.expression(func.value, environment)
        if receiver.depends or receiver.kind is Kind.COLLECTION:
            return self._value_call(receiver, name, node, arguments, environment)
        if receiver.kind is Kind.CONSTANT and not receiver.name and isinstance(func.value, cst.Name):
            self._grow(func.value.value, (receiver, *arguments), environment)
        if receiver.name and name in functions.FUSED_SUMS:
            return self.make(Kind.ADD, arguments, name, node)
        return None

    def _torch_call(self, name: str, node: cst.Call, arguments: list[Value], environment: Environment) -> Value | None:
        """A function of torch, `None` for one that runs a function or submodule that it is handed."""
        is_handed = any(id(item) in self._callables for item in arguments)
        if is_handed or (name.startswith("checkpoint") and any(map(self._submodule, arguments))):
            return None
        kind = functions.function_kind(name, is_torch=True)
        if kind is Kind.CONSTANT:
            return CONSTANT
        value = self.make(kind, _collected(arguments), name, node)
        written = [argument for item, argument in zip(node.args, arguments) if _is_out(item)]
        if _is_in_place(name) and arguments:
            written.append(arguments[0])
        for before in written:
            _overwrite(before, value, environment)
        return value

    def _value_call(
        self, receiver: Value, name: str, node: cst.Call, arguments: list[Value], environment: Environment
    ) -> Value:
        """A method of a tensor or of a local list."""
        target = node.func.value if isinstance(node.func, cst.Attribute) else None
        if name in _GROWING and isinstance(target, cst.Name) and (receiver.kind is Kind.COLLECTION or name != "add"):
            known = receiver.operands if receiver.kind is Kind.COLLECTION and name == "append" else (receiver,)
            self._grow(target.value, (*known, *arguments), environment)
        kind = functions.method_kind(name)
        if kind is Kind.CONSTANT:
            return CONSTANT
        value = self.make(kind, (receiver, *_collected(arguments)), name, node)
        if _is_in_place(name):
            _overwrite(receiver, value, environment)
        return value

    def _grow(self, name: str, items: Sequence[Value], environment: Environment) -> None:
        """A local list gets longer; a name that is no local one stands for a module or a function."""
        if name in environment:
            environment[name] = self.make(Kind.COLLECTION, items)

    def _super_call(self, name: str, node: cst.Call, arguments: list[Value], environment: Environment) -> Value:
        method = next((found for cls in self._cls.ancestors if (found := cls.method(name))), None)
        if method is None:
            return self.make(Kind.LAYER if name == "forward" else Kind.UNKNOWN, arguments, "super", node)
        return self._run(_Callable(method.node, {}, bound=True), node, arguments, environment)

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

    def _run(
        self, function: _Callable, call: cst.Call, arguments: list[Value], around: Environment, skip: int = 0
    ) -> Value:
        """Run a function of the text in place; past some depth its result is unknown.

        What it stores on self is there afterwards.
        """
        if self._depth >= _INLINE_DEPTH:
            return self.make(Kind.UNKNOWN, arguments, "", call)
        prefix = f"{self._receiver}."
        attributes = {name: value for name, value in around.items() if name.startswith(prefix)}
        environment = {**function.environment, **attributes}
        self._fill(function, call, arguments, environment, skip)
        self._depth += 1
        start = len(self.flow.values)
        if isinstance(function.node, cst.Lambda):
            result = self.expression(function.node.body, environment)
        else:
            self.returns.append([])
            self.suite(function.node.body, environment)
            returned = tuple(dict.fromkeys(self.returns.pop())) or (CONSTANT,)
            result = returned[0] if len(returned) == 1 else self.make(Kind.CHOICE, returned)
        self._depth -= 1
        self.flow.runs.append(Run(call, function.node, start, len(self.flow.values)))
        around.update({name: value for name, value in environment.items() if name.startswith(prefix)})
        self.flow.made[call] = result
        return result

    def _fill(
        self, function: _Callable, call: cst.Call, arguments: list[Value], environment: Environment, skip: int
    ) -> None:
        parameters = function.node.params
        for item in (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params):
            if item.default is not None:
                environment[item.name.value] = self.expression(item.default, function.environment)
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


def _collected(arguments: Iterable[Value]) -> list[Value]:
    """Arguments with lists and tuples taken apart."""
    found: list[Value] = []
    for argument in arguments:
        found.extend(argument.operands if argument.kind is Kind.COLLECTION else (argument,))
    return found


def _is_in_place(name: str) -> bool:
    """`add_`, `relu_`; no `__init__`."""
    return name.endswith("_") and not name.startswith("_")


def _is_out(argument: cst.Arg) -> bool:
    return argument.keyword is not None and argument.keyword.value == "out"


def _overwrite(before: Value, after: Value, environment: Environment) -> None:
    """Every name of a tensor that something was put into stands for what it is now.

    Activations in place are left out: whether a saved input may be rectified is another rule's question.
    """
    if before.depends and after.kind is not Kind.OPERATION:
        environment.update({name: after for name, value in environment.items() if value is before})
