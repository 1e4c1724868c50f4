"""The first parameter of methods: whether `self` is there, in its place and spelled right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.attributes import assigned_attributes
from nn_lint.model.method import Method
from nn_lint.model.spelling import is_misspelled_self
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.hierarchy import TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

IMPLICITLY_UNBOUND = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_RENAMED = frozenset({"this", "cls", "_", "__", "_self", "self_", "me"})
_STANDINS = frozenset(
    "this cls _ __ me obj instance owner module mod net model m layer".split(),
)
_CALLED_BY_OTHERS = frozenset({"forward", "__init__", "__repr__", "__len__", "__iter__", "extra_repr"})
_HARMLESS_DECORATORS = ("torch.", "property", "staticmethod", "cached_property")
MODULE_ATTRIBUTES = frozenset(
    (
        "training parameters named_parameters modules named_modules children named_children buffers named_buffers "
        "state_dict load_state_dict register_buffer register_parameter register_module add_module get_submodule "
        "register_forward_hook zero_grad train eval apply _modules _parameters _buffers __class__ __dict__"
    ).split()
)


class ReceiverFault(Enum):
    """What is wrong with the receiver of a method."""

    MISSING = "no self"
    STATIC = "@staticmethod or @classmethod on a method that takes self"
    STATIC_MISSING = "@staticmethod on a method that uses self and does not take it"
    MISNAMED = "the first parameter is a slip of self, or stands for it, and the body says self"
    MISSPELLED_USE = "the body uses a slip of self"
    NOT_FIRST = "self is a later parameter"


@dataclass(frozen=True, slots=True)
class ReceiverFinding:
    """A fault, and what shows that it is one, as the end of a sentence."""

    method: Method
    fault: ReceiverFault
    evidence: str


def find_receiver_faults(cls: ModuleClass) -> Iterator[ReceiverFinding]:
    """Judge every method of a module; nothing is said where the method may be right."""
    for method in cls.methods:
        if method.name in IMPLICITLY_UNBOUND or method.name in cls.facts.assigned | cls.rebound_attributes:
            continue
        bound = not (method.is_static or method.is_class_method)
        found = _judge(cls, method) if bound else _judge_unbound(cls, method)
        if found is not None:
            yield ReceiverFinding(method, *found)


_Fault = tuple[ReceiverFault, str]


def takes_receiver(cls: ModuleClass, method: Method) -> bool:
    """Whether the first parameter of a method is the module for certain, so that code may be written with its name."""
    if method.is_static or method.is_class_method or not method.positional:
        return False
    known = {"self", cls.init.positional[0].name} if cls.init is not None and cls.init.positional else {"self"}
    return method.positional[0].name in known


def _judge(cls: ModuleClass, method: Method) -> _Fault | None:
    first = method.positional[0].name if method.positional else None
    uses_self = _uses_unbound(cls, method, "self")
    if first == "self":
        slip = next((name for name in sorted(method.names_read) if _is_unbound_slip(cls, method, name)), None)
        return (ReceiverFault.MISSPELLED_USE, f"its body says `{slip}`") if slip else None
    if uses_self:
        if first is not None and (is_misspelled_self(first) or first in _RENAMED):
            return ReceiverFault.MISNAMED, "its body uses `self`"
        return ReceiverFault.MISSING, "its body uses `self`"
    if any(not name.startswith(_HARMLESS_DECORATORS) for name in method.decorators):
        return None
    if first is None:
        return _judge_empty(cls, method)
    if "self" in [item.name for item in method.positional[1:]]:
        return _judge_late_self(cls, method)
    if _is_applied(cls, method):
        return ReceiverFault.MISSING, f"`apply(self.{method.name})` hands the module over first"
    if _stands_for_self(cls, method, first):
        return None
    if method.name == "forward" and first in method.names_read:
        return ReceiverFault.MISSING, f"`{first}` would receive the module"
    if method.name == "__init__" and first in method.names_read and "super" in method.names_read:
        return ReceiverFault.MISSING, f"`{first}` would receive the module"
    return _judge_calls(cls, method)


def _judge_empty(cls: ModuleClass, method: Method) -> _Fault | None:
    """`def forward():` can never be called on an instance; other methods may be called on the class."""
    if method.takes_any_number:
        return None
    if method.name in _CALLED_BY_OTHERS or method.is_property:
        return ReceiverFault.MISSING, "it takes no parameter at all"
    return _judge_calls(cls, method)


def _judge_late_self(cls: ModuleClass, method: Method) -> _Fault | None:
    first = method.positional[0].name
    if method.name == "__init__" and _sets_attributes(method, "self"):
        is_receiver = first in _STANDINS or "super" not in method.names_read or _sets_attributes(method, first)
        return None if is_receiver else (ReceiverFault.NOT_FIRST, f"`{first}` would receive the module")
    used = method.attributes_of("self") & (cls.own_attributes | MODULE_ATTRIBUTES)
    called = method.name in ("forward", "__init__") or any(cls.calls_on_self(method.name))
    return (ReceiverFault.NOT_FIRST, "`self` would receive the input") if used and called else None


def _judge_unbound(cls: ModuleClass, method: Method) -> _Fault | None:
    if method.is_static and _uses_unbound(cls, method, "self"):
        return ReceiverFault.STATIC_MISSING, "its body uses `self`"
    takes_self = bool(method.positional) and method.positional[0].name == "self"
    if takes_self and method.name == "forward" and method.attributes_of("self") & cls.own_attributes:
        return ReceiverFault.STATIC, f"`self` would receive the {'input' if method.is_static else 'class'}"
    if takes_self and method.decorators == ("staticmethod",) and not _is_taken_otherwise(cls, method):
        calls = list(cls.calls_on_self(method.name))
        if calls and all(_fits(method, call, 1) and not _fits(method, call, 0) for call in calls):
            return ReceiverFault.STATIC, f"`self.{method.name}(...)` does not hand the module over"
    if method.name == "forward" and method.decorators == ("classmethod",) and method.positional:
        lacking = sorted(method.attributes_of(method.positional[0].name) & _of_instances(cls))
        if lacking:
            return ReceiverFault.STATIC, f"the class has no `{lacking[0]}`"
    return None


def _of_instances(cls: ModuleClass) -> frozenset[str]:
    """What only instances have: instance methods set it on `self`, and nothing gives it to the class."""
    bound = [item for item in cls.methods if not item.is_static and not item.is_class_method]
    unbound = [item for item in cls.methods if item not in bound]
    given = {name for method in bound for name in assigned_attributes(method)}
    given -= {name for method in unbound for name in assigned_attributes(method)}
    content = cls.definition.file.text.content
    return frozenset(
        name
        for name in given
        if not cls.defines(name) and not re.search(rf"\b{cls.name}\.{name}\s*=|[\"']{name}[\"']|\bsetattr\(", content)
    )


def _is_applied(cls: ModuleClass, method: Method) -> bool:
    """`self.apply(self._init_weights)` of a method that has place for one argument, which the submodule would be."""
    if len(method.positional) != 1 or method.takes_any_number or cls.mentions_own_name(method.name):
        return False
    return cls.find_method("apply") is None and any(
        len(call.args) == 1 and self_attribute(call.args[0].value, owner.receiver) == method.name
        for owner in cls.methods
        for call in walk(owner.node.body, cst.Call)
        if isinstance(call, cst.Call) and self_attribute(call.func, owner.receiver) == "apply"
    )


def _judge_calls(cls: ModuleClass, method: Method) -> _Fault | None:
    """A helper that only works without a receiver, and is only called with one."""
    if method.is_property or method.is_static or _is_taken_otherwise(cls, method):
        return None
    calls = list(cls.calls_on_self(method.name))
    if calls and all(_fits(method, call, 0) and not _fits(method, call, 1) for call in calls):
        return ReceiverFault.MISSING, f"`self.{method.name}(...)` hands the module over first"
    return None


def _is_taken_otherwise(cls: ModuleClass, method: Method) -> bool:
    """Whether the method is also taken of the class or by a string, and may be called in another way."""
    is_said = re.search(rf"[\"']{method.name}[\"']", cls.definition.file.text.content) is not None
    return is_said or cls.mentions_own_name(method.name)


def _fits(method: Method, call: cst.Call, extra: int) -> bool:
    """Whether a call with `extra` further positional arguments fills the signature."""
    if any(item.star for item in call.args) or any(item.star for item in method.parameters):
        return extra == 1
    given = extra + sum(item.keyword is None for item in call.args)
    keywords = {item.keyword.value for item in call.args if item.keyword is not None}
    if given > len(method.positional) or not keywords <= {item.name for item in method.parameters}:
        return False
    filled = {item.name for item in method.positional[:given]}
    required = {item.name for item in method.parameters if item.required}
    return filled.isdisjoint(keywords) and required <= filled | keywords


def _stands_for_self(cls: ModuleClass, method: Method, first: str) -> bool:
    """Another name that plays the part of self: `__init__` uses it too, or members of the class are taken of it."""
    init = cls.init
    if init is not None and init is not method and init.positional and init.positional[0].name == first:
        return True
    if first in _STANDINS or is_misspelled_self(first) or "self" in first:
        return True
    if any(_is_handed_as_self(cls, call, first) for call in method.nodes if isinstance(call, cst.Call)):
        return True
    taken = method.attributes_of(first)
    is_layer = any(isinstance(item, TorchClass) and item != TorchClass("Module") for item in cls.ancestry.order)
    if is_layer and taken & {"weight", "bias"}:
        return True
    return bool(taken & (cls.own_attributes | MODULE_ATTRIBUTES)) or _sets_attributes(method, first)


def _is_handed_as_self(cls: ModuleClass, call: cst.Call, name: str) -> bool:
    """`super(Net, module)`, `Base.forward(module, x)`."""
    arguments = [item.value.value if isinstance(item.value, cst.Name) else None for item in call.args]
    function = dotted(call.func) or "?"
    if function == "super":
        return arguments[1:] == [name]
    owner = function.rpartition(".")[0]
    return arguments[:1] == [name] and bool(owner) and cls.resolve(owner) in (cls.definition, *cls.ancestry.order)


def _sets_attributes(method: Method, name: str) -> bool:
    targets = (node.target for node in walk(method.node.body, cst.AssignTarget) if isinstance(node, cst.AssignTarget))
    return any(
        isinstance(item, cst.Attribute) and isinstance(item.value, cst.Name) and item.value.value == name
        for item in targets
    )


def _uses_unbound(cls: ModuleClass, method: Method, name: str) -> bool:
    """Whether the body reads a name that neither the method, nor the file, nor a function around the class binds."""
    if name not in method.names_read or name in method.locals:
        return False
    return not cls.facts.in_function and name not in cls.definition.file.facts.bindings


def _is_unbound_slip(cls: ModuleClass, method: Method, name: str) -> bool:
    if not (is_misspelled_self(name) and _uses_unbound(cls, method, name)):
        return False
    return cls.is_undefined(name) and bool(method.attributes_of(name))
