"""Attributes that a class reads of `self` and that nothing can have set, with what was meant to set them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method, names
from nn_lint.model.spelling import slips
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.project.hierarchy import ExternalClass, ProjectClass, TorchClass
from nn_lint.project.premises.attributes import plain_reads
from nn_lint.project.sites import may_see
from nn_lint.project.torch_names import MODULE_ATTRIBUTES

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_DYNAMIC = re.compile(
    r"\b(?:setattr|delattr|add_module|register_module|__dict__|__getattr__|__getattribute__|__setattr__|__slots__"
    r"|__new__|vars|locals|exec|eval|globals|set_submodule|store_attr|lightning|inspect)\b"
    r"|\bregister_(?:buffer|parameter)\(\s*(?![\"'\s])|\b(?:import|from)\b.*lightning"
)
_HARMLESS = frozenset("isinstance len print type id repr str super hasattr callable".split())
_FOR_OTHERS = re.compile(r"Base|Mixin|Abstract|Interface|Template", re.IGNORECASE)
_SHORTEST_TYPO = 4
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class AbsentAttribute:
    """An attribute that is read and never set, where it is first read, and the local name that was to be it.

    `target` is where that is assigned, `None` for a parameter of `__init__`. `is_read`: the local is also used as such.
    `meant` is the attribute of nearly that name that is set and never read.
    """

    name: str
    method: Method
    node: cst.Attribute
    maker: Method | None = None
    target: cst.Name | None = None
    is_read: bool = False
    meant: str | None = None


def may_lack_attributes(cls: ModuleClass) -> bool:
    """Whether methods read something of `self` that the class and its bases do not set; libcst is not asked."""
    return bool(_absent_names(cls))


def absent_attributes(cls: ModuleClass) -> Iterator[AbsentAttribute]:
    """Each attribute that cannot be there, where a local of a constructor or a slip of the pen tells what was meant."""
    absent = _absent_names(cls) if cls.init is not None and _is_closed(cls) else frozenset()
    for name in sorted(absent):
        read = _first_read(cls, name) if not _may_be_set(cls, name) else None
        if read is None:
            continue
        found = _from_local(cls, name, *read) or _from_parameter(cls, name, *read) or _misspelled(cls, name, *read)
        if found is not None:
            yield found


def _absent_names(cls: ModuleClass) -> frozenset[str]:
    if cls.tree is None or not cls.is_certain or cls.facts.method("__init__") is None:
        return frozenset()
    read = plain_reads(cls.tree) - MODULE_ATTRIBUTES - cls.own_attributes
    return frozenset(name for name in read if not name.startswith("__"))


def _is_closed(cls: ModuleClass) -> bool:
    """Whether the text of the class and its bases is all that can set its attributes."""
    family = (cls, *cls.ancestors)
    plain = {TorchClass("Module"), ExternalClass("object", True)}
    return (
        all(isinstance(item, ProjectClass) or item in plain for item in cls.ancestry.order)
        and all(map(_has_plain_bases, family))
        and not _FOR_OTHERS.search(cls.name)
        and not any(_DYNAMIC.search(item.text) or item.facts.decorators for item in family)
        and not any(_hands_on(item, method) for item in family for method in item.methods)
        and not any(method.node.decorators for item in family if (method := item.init) is not None)
    )


def _has_plain_bases(cls: ModuleClass) -> bool:
    """Whether all bases are classes of the project or `nn.Module` by its own name; what else counts as one has more."""
    found = {name: cls.resolve(name) for name in cls.facts.bases}
    return not cls.facts.metaclass and all(
        isinstance(item, ProjectClass) or name.rpartition(".")[2] in ("Module", "object", "M")
        for name, item in found.items()
    )


def _hands_on(cls: ModuleClass, method: Method) -> bool:
    """Whether a function outside gets the instance, and may set what it likes."""
    return any(name not in _HARMLESS and not _is_parent(cls, name) for name in method.hands_receiver_to())


def _is_parent(cls: ModuleClass, name: str) -> bool:
    owner, _, called = name.rpartition(".")
    found = cls.resolve(owner) if owner else None
    return called == "__init__" and found is not None and found in cls.ancestry.order


def _may_be_set(cls: ModuleClass, name: str) -> bool:
    """Whether anything else says that the attribute may be there: a string, an heir, an assignment from outside."""
    outside = rf"(?<!\bself)\.{name}\s*(?::[^=\n]*|[-+*/@|&^%]|,[^=\n]*)?=(?!=)|[\"']{name}[\"']"
    inside = rf"\bas\s+\w+\.{name}\b|\bfor\b[^\n]*\.{name}\b[^\n]*\bin\b|[\"']{name}[\"']"
    if any(_is_said_in_body(item, name) or re.search(inside, item.text) for item in (cls, *cls.ancestors)):
        return True
    hierarchy = cls.registry.hierarchy
    for file in hierarchy.files.mentioning(cls.name, cls.definition.file):
        if not may_see(cls.definition, file):
            continue
        if file.matches(outside):
            return True
        for facts in file.facts.classes:
            heir = ProjectClass(file, facts)
            if cls.definition in hierarchy.ancestry(heir).order:
                return True
    return False


def _is_said_in_body(cls: ModuleClass, name: str) -> bool:
    """Whether a statement of the class body that is no method says the name, to declare it or to bind it."""
    body = cls.tree.node.body if cls.tree is not None else []
    inner = (
        node
        for item in body
        if not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(item)
    )
    return any(getattr(node, "id", None) == name or getattr(node, "name", None) == name for node in inner)


def _first_read(cls: ModuleClass, name: str) -> tuple[Method, cst.Attribute] | None:
    """The first place where an instance's own method takes the attribute; `None` where an error may be expected."""
    for method in cls.methods:
        if not method.is_static and not method.is_class_method:
            tried = {node for item in walk(method.node.body, cst.Try) for node in walk(item)}
            for node in _reads(method, name):
                return None if node in tried else (method, node)
    return None


def reads_of(cls: ModuleClass, name: str) -> Iterator[cst.Attribute]:
    """Where the methods of the class take an attribute of `self`."""
    for method in cls.methods:
        yield from _reads(method, name)


def _reads(method: Method, name: str) -> Iterator[cst.Attribute]:
    for node in method.nodes:
        if isinstance(node, cst.Attribute) and self_attribute(node, method.receiver) == name:
            yield node


def _from_local(cls: ModuleClass, name: str, method: Method, node: cst.Attribute) -> AbsentAttribute | None:
    """A local name of the constructor, or of a method that the constructor calls and whose result it does not take."""
    for maker in _makers(cls):
        for item in maker.own_nodes:
            targets = [part.target for part in item.targets] if isinstance(item, cst.Assign) else []
            if isinstance(item, cst.AnnAssign) and item.value is not None:
                targets = [item.target]
            for target in (found for part in targets for found in _names_of(part)):
                if target.value == name:
                    is_read = sum(other.value == name for other in names(maker.node.body)) > 1
                    return AbsentAttribute(name, method, node, maker, target, is_read)
    return None


def _names_of(target: cst.BaseExpression) -> Iterator[cst.Name]:
    if isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from _names_of(element.value)
    elif isinstance(target, cst.Name):
        yield target


def _makers(cls: ModuleClass) -> Iterator[Method]:
    init = cls.init
    if init is None:
        return
    yield init
    for statement in walk(init.node.body, cst.Expr, into_scopes=False):
        call = statement.value if isinstance(statement, cst.Expr) else None
        called = self_attribute(call.func, init.receiver) if isinstance(call, cst.Call) else None
        helper = cls.method(called) if called is not None else None
        if helper is not None and not helper.is_static and not helper.is_class_method:
            yield helper


def _from_parameter(cls: ModuleClass, name: str, method: Method, node: cst.Attribute) -> AbsentAttribute | None:
    init = cls.init
    taken = {item.name for item in init.parameters[1:] if not item.star} if init is not None else set()
    return AbsentAttribute(name, method, node, init) if name in taken else None


def _misspelled(cls: ModuleClass, name: str, method: Method, node: cst.Attribute) -> AbsentAttribute | None:
    """The one attribute that is set and never read, where its name is one slip away."""
    if len(name) < _SHORTEST_TYPO:
        return None
    near = [
        item for item in cls.assigned_here if slips(item, name) == 1 and _DIGITS.findall(item) == _DIGITS.findall(name)
    ]
    if len(near) != 1 or any(near[0] in item.read_here for item in (cls, *cls.ancestors)):
        return None
    return AbsentAttribute(name, method, node, meant=near[0])
