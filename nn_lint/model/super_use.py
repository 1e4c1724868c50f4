"""Two-argument `super`: which class it names, and whether that can be right."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.diagnostic import Span
from nn_lint.model.attributes import assigned_attributes
from nn_lint.model.method import Method
from nn_lint.model.parent_calls import CallForm
from nn_lint.model.syntax import dotted, self_attribute, simple_statements, walk
from nn_lint.project.hierarchy import UNDEFINED, ExternalClass, ProjectClass, Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


class Wrongness(Enum):
    """Why the class that `super` names is wrong."""

    NONE = "right, or not known to be wrong"
    UNRELATED = "no base of the class"
    UNDEFINED = "bound nowhere"
    MODULE_SKIPPED = "nn.Module itself, and no other call initialises it"
    PARENT_SKIPPED = "a parent whose attributes are used all the same"
    PARENT_PASSED = "a class behind a parent whose attributes are used all the same, called by name"
    RECURSIVE = "the class of the object, which for an heir finds the same method again"


@dataclass(frozen=True, slots=True)
class SuperUse:
    """`super(name, self)`; `missing` is an attribute that the skipped parent would have set.

    `heir`: the class whose objects never get out of the method.
    """

    name: str
    span: Span
    name_span: Span
    wrongness: Wrongness
    missing: str | None = None
    heir: str | None = None


def find_super_uses(cls: ModuleClass) -> Iterator[SuperUse]:
    """Every `super(Name, self)` in the methods of a class, and `Name.__init__(self)` that goes past a parent."""
    yield from _calls_past_parents(cls)
    for method in cls.methods:
        for node in walk(method.node.body, cst.Call):
            if isinstance(node, cst.Call) and dotted(node.func) == "super" and len(node.args) == 2:
                name = dotted(node.args[0].value)
                if _is_class_of_object(node.args[0].value, method.receiver):
                    yield from _recursive(cls, method, node)
                elif name is not None and dotted(node.args[1].value) == method.receiver:
                    wrongness, missing = _judge(cls, method, name)
                    span, name_span = cls.syntax.span(node), cls.syntax.span(node.args[0].value)
                    yield SuperUse(name, span, name_span, wrongness, missing)


def _calls_past_parents(cls: ModuleClass) -> Iterator[SuperUse]:
    """`nn.Module.__init__(self)` as the only call of an `__init__` whose class uses what its parent would have set."""
    calls = cls.init.parent_calls if cls.init is not None and cls.is_certain else ()
    call = calls[0] if len(calls) == 1 and calls[0].form is CallForm.EXPLICIT else None
    if call is None or not (call.is_called and call.is_spelled_right and call.is_statement and call.arguments):
        return
    name, order = call.parent or "", cls.ancestry.order
    found = cls.resolve(name)
    if found in order and cls.init is not None and call.arguments[0].text == cls.init.receiver:
        missing = _missing_attribute(cls, order[: order.index(found)])
        if missing is not None:
            yield SuperUse(name, call.span, call.super_span, Wrongness.PARENT_PASSED, missing)


def _is_class_of_object(node: cst.BaseExpression, receiver: str) -> bool:
    """`self.__class__`, `type(self)`."""
    if isinstance(node, cst.Call):
        return dotted(node.func) == "type" and [dotted(item.value) for item in node.args] == [receiver]
    return self_attribute(node, receiver) == "__class__"


def _recursive(cls: ModuleClass, method: Method, node: cst.Call) -> Iterator[SuperUse]:
    """`super(self.__class__, self).__init__()` in `__init__` itself: for an heir it is this very method again."""
    heir = _trapped_heir(cls, method.name) if cls.is_certain and _always_calls(method, node) else None
    if heir is not None:
        name_node = node.args[0].value
        spans = cls.syntax.span(node), cls.syntax.span(name_node)
        yield SuperUse(cls.syntax.text(name_node), *spans, Wrongness.RECURSIVE, heir=heir)


def _always_calls(method: Method, node: cst.Call) -> bool:
    """Whether a statement of the body itself calls the method's own name on a `super`."""
    for statement in method.statements:
        call = statement.value if isinstance(statement, (cst.Expr, cst.Assign, cst.Return)) else None
        function = call.func if isinstance(call, cst.Call) else None
        if isinstance(function, cst.Attribute) and function.value is node:
            return function.attr.value == method.name
        if any(True for _ in walk(statement, cst.Return, cst.Raise)):
            return False
    return False


def _trapped_heir(cls: ModuleClass, name: str) -> str | None:
    """A class that inherits a method, or overrides it and calls it by `super` in a plain statement."""
    for heir in cls.heirs:
        own, order = heir.method(name), heir.ancestry.order
        between = order[: order.index(cls.definition)]
        if not all(isinstance(item, ProjectClass) for item in between):
            continue
        if heir.registry.hierarchy.inherited(heir.definition, name) != (cls.definition, cls.facts.method(name)):
            continue
        if own is None or any(_reaches_parent(heir, own, statement) for statement in own.statements):
            return heir.name
    return None


def _reaches_parent(heir: ModuleClass, method: Method, statement: cst.CSTNode) -> bool:
    """`super().__init__(...)`, also with the heir's own name or the class of the object."""
    call = statement.value if isinstance(statement, (cst.Expr, cst.Assign, cst.Return)) else None
    function = call.func if isinstance(call, cst.Call) else None
    if not isinstance(function, cst.Attribute) or function.attr.value != method.name:
        return False
    receiver = function.value
    if not isinstance(receiver, cst.Call) or dotted(receiver.func) != "super":
        return False
    if not receiver.args:
        return True
    first = receiver.args[0].value
    return dotted(first) == heir.name or _is_class_of_object(first, method.receiver)


def _judge(cls: ModuleClass, method: Method, name: str) -> tuple[Wrongness, str | None]:
    head = name.split(".")[0]
    if name.split(".")[-1] == cls.name or head in method.locals or head == "__class__" or hasattr(builtins, head):
        return Wrongness.NONE, None
    found = cls.resolve(name)
    order = cls.ancestry.order
    if isinstance(found, ExternalClass):
        undefined = found.origin == UNDEFINED
        return (Wrongness.UNDEFINED if undefined else Wrongness.NONE), None
    if found == cls.definition or not cls.is_certain:
        return Wrongness.NONE, None
    if found not in order:
        return (Wrongness.NONE if _meets(cls, found) else Wrongness.UNRELATED), None
    if method.name != "__init__" or len(method.parent_calls) != 1:
        return Wrongness.NONE, None
    if found == TorchClass("Module"):
        return Wrongness.MODULE_SKIPPED, None
    missing = _missing_attribute(cls, order[: order.index(found) + 1])
    return (Wrongness.PARENT_SKIPPED if missing else Wrongness.NONE), missing


def _meets(cls: ModuleClass, other: Resolved) -> bool:
    """Whether some class of the same file inherits from both, so that `super` may cross from one to the other."""
    hierarchy = cls.registry.hierarchy
    orders = (
        hierarchy.ancestry(ProjectClass(cls.definition.file, facts)).order
        for facts in cls.definition.file.facts.classes
    )
    return any(cls.definition in order and other in order for order in orders)


def _missing_attribute(cls: ModuleClass, passed: Sequence[Resolved]) -> str | None:
    """An attribute that `forward` always reads and only a skipped `__init__` sets."""
    skipped = [cls.registry.model(item) for item in passed if isinstance(item, ProjectClass)]
    set_by_skipped = {name for item in skipped if item.init is not None for name in assigned_attributes(item.init)}
    rest = [item for item in cls.ancestors if item not in skipped]
    methods = [method for item in (cls, *rest) for method in item.methods]
    elsewhere = {name for method in methods for name in (method.name, *assigned_attributes(method))}
    elsewhere |= {name for item in (cls, *cls.ancestors) for name in item.facts.assigned}
    if cls.defines("__getattr__") or _sets_in_other_ways(cls):
        return None
    read = {name for method in _always_run(cls) for name in _read_always(method)}
    content = cls.definition.file.text.content
    missing = sorted(set_by_skipped & read - elsewhere)
    return next((name for name in missing if not re.search(rf"(?<!\bself)\.{name}[ \t]*=(?!=)", content)), None)


def _sets_in_other_ways(cls: ModuleClass) -> bool:
    """Whether attributes may be set by computed names, or by a function that gets the object."""
    if "add_module(" in cls.text or "setattr(" in cls.text:
        return True
    return any(
        name != "super" and not (method is cls.init and cls.construction.is_base_init(name))
        for method in cls.methods
        for name in method.hands_receiver_to()
    )


def _always_run(cls: ModuleClass) -> Iterator[Method]:
    """The `forward` of an instance, and those that it hands on to by `super().forward`."""
    for item in (cls, *cls.ancestors):
        method = item.method("forward")
        if method is not None:
            yield method
            if "super" not in method.names_read:
                return


def _read_always(method: Method) -> Iterator[str]:
    """The attributes of self that a body reads outside every condition and loop."""
    for statement in simple_statements(method.node.body):
        conditional = (cst.If, cst.For, cst.While, cst.Try, cst.With, cst.FunctionDef)
        if not isinstance(statement, conditional) and not any(True for _ in walk(statement, *_LAZY)):
            for node in walk(statement, cst.Attribute):
                name = self_attribute(node, method.receiver)
                if name is not None:
                    yield name


_LAZY = (cst.IfExp, cst.BooleanOperation, cst.Lambda)
