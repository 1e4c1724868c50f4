"""Names that a class uses as if `self.` stood before them, and layers that `__init__` gives to a local name."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.attributes import read_attributes
from nn_lint.model.method import Method, names
from nn_lint.model.syntax import dotted, walk
from nn_lint.project.hierarchy import UNDEFINED, ExternalClass, Kinship, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_GLUED = re.compile(r"self_?(\w+)")
_DYNAMIC = re.compile(
    r"\b(?:setattr|add_module|register_module|__dict__|__getattr__|__setattr__|vars|locals|exec|globals)\b"
)
_BUILTINS = frozenset(dir(builtins)) | {"__class__", "__file__", "__name__"}


@dataclass(frozen=True, slots=True)
class UnboundName:
    """A name that nothing binds, and the attribute of self that it stands for.

    `is_kept`: there is such an attribute; otherwise `__init__` takes an argument of that name and drops it.
    """

    node: cst.Name
    attribute: str
    method: Method
    is_kept: bool = True

    @property
    def gets_receiver(self) -> bool:
        """Whether it is called with the receiver itself: a function was meant once, or `self.` is not all."""
        calls = (item for item in walk(self.method.node.body, cst.Call) if isinstance(item, cst.Call))
        found = next((item for item in calls if item.func is self.node), None)
        first = found.args[0].value if found is not None and found.args else None
        return isinstance(first, cst.Name) and first.value == self.method.receiver


@dataclass(frozen=True, slots=True)
class LocalLayer:
    """A layer that a method gives to a local name, and that other methods expect on self. `is_read`: here too."""

    target: cst.Name
    attribute: str
    is_read: bool


def unbound_names(cls: ModuleClass) -> Iterator[UnboundName]:
    """The names in methods that are attributes of self and nothing else."""
    if cls.facts.in_function or cls.facts.bindings:
        return
    locals_of_layers = {item.target.value: item.attribute for item in local_layers(cls)}
    known = cls.own_attributes | frozenset(locals_of_layers.values())
    taken = {item.name for item in cls.init.parameters[1:]} - known if cls.init is not None else set()
    for method in cls.methods:
        if method.is_static or method.is_class_method or not method.positional:
            continue
        for name in sorted(method.names_read - method.locals - _BUILTINS):
            attribute = _attribute(name, known) or (name if name in taken else None)
            if attribute is not None and _is_unbound(cls, name):
                nodes = [node for node in names(method.node.body) if node.value == name]
                left_out = _not_evaluated(method) if nodes else frozenset()
                yield from (
                    UnboundName(node, attribute, method, attribute in known) for node in nodes if node not in left_out
                )


def _not_evaluated(method: Method) -> frozenset[cst.CSTNode]:
    """Names of annotations, and those whose absence a handler of `NameError` expects."""
    found: set[cst.CSTNode] = set()
    for node in walk(method.node.body, cst.Annotation, cst.Try):
        if isinstance(node, cst.Annotation):
            found.update(walk(node, cst.Name))
        elif isinstance(node, cst.Try) and any(_expects_no_name(handler) for handler in node.handlers):
            found.update(walk(node.body, cst.Name))
    return frozenset(found)


def _expects_no_name(handler: cst.ExceptHandler) -> bool:
    return handler.type is not None and any(
        isinstance(name, cst.Name) and name.value == "NameError" for name in walk(handler.type, cst.Name)
    )


def _attribute(name: str, known: frozenset[str]) -> str | None:
    if name in known:
        return name
    glued = _GLUED.fullmatch(name)
    return glued[1] if glued is not None and glued[1] in known else None


def _is_unbound(cls: ModuleClass, name: str) -> bool:
    found = cls.resolve(name)
    if not isinstance(found, ExternalClass) or found.origin != UNDEFINED:
        return False
    content = cls.definition.file.text.content
    bound_by_text = rf"\bglobal\b[^\n]*\b{name}\b|\bglobals\(\)|\b(?:vars|locals)\(\)[.\[]|\bexec\(|[\"']{name}[\"']"
    return re.search(bound_by_text, content) is None


def local_layers(cls: ModuleClass) -> Iterator[LocalLayer]:
    """The layers of `__init__` that stay local, where `self` is asked for one of that name."""
    init = cls.init
    if init is None or not cls.is_certain or any(_DYNAMIC.search(item.text) for item in (cls, *cls.ancestors)):
        return
    known = cls.own_attributes
    assigned = [node for node in init.own_nodes if isinstance(node, cst.Assign) and len(node.targets) == 1]
    for node in assigned:
        target = node.targets[0].target
        if not isinstance(target, cst.Name) or not _is_layer(cls, node.value):
            continue
        glued = _GLUED.fullmatch(target.value)
        wanted = target.value if glued is None else glued[1]
        if wanted in known or not _is_wanted(cls, init, target.value, wanted) or _is_handed_on(init, target.value):
            continue
        if re.search(rf"(?<!\bself)\.{wanted}\s*=[^=]", cls.definition.file.text.content) is None:
            yield LocalLayer(target, wanted, sum(item.value == target.value for item in names(init.node.body)) > 1)


def _is_layer(cls: ModuleClass, node: cst.BaseExpression) -> bool:
    callee = dotted(node.func) if isinstance(node, cst.Call) else None
    found = cls.resolve(callee) if callee is not None else None
    return found is not None and cls.resolve_class(found) is Kinship.MODULE and found != TorchClass("Buffer")


def _is_wanted(cls: ModuleClass, init: Method, local: str, attribute: str) -> bool:
    """Whether a method takes the attribute of self, or uses the bare name that only `__init__` binds."""
    if attribute in {name for method in cls.methods for name in read_attributes(method)}:
        return not any(_asks_whether(method, attribute) for method in cls.methods)
    others = (method for method in cls.methods if method is not init and not method.is_static)
    return any(local in method.names_read - method.locals for method in others) and _is_unbound(cls, local)


def _asks_whether(method: Method, attribute: str) -> bool:
    """`hasattr(self, "fc")`, `getattr(self, "fc", None)`: the class knows that it may not be there."""
    return re.search(rf"[\"']{attribute}[\"']", method.syntax.text(method.node.body)) is not None


def _is_handed_on(init: Method, name: str) -> bool:
    """Whether the local is used as a whole: put into a list, returned, called, given to another layer."""
    inner = {id(node.value) for node in walk(init.node.body, cst.Attribute) if isinstance(node, cst.Attribute)}
    targets = {id(item.target) for item in walk(init.node.body, cst.AssignTarget) if isinstance(item, cst.AssignTarget)}
    return any(node.value == name and id(node) not in inner | targets for node in names(init.node.body))
