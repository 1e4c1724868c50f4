"""Layers that a class builds and that nothing uses, as far as its text, its bases, its heirs and files near it show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import built_class, holds_weights, is_parameter
from nn_lint.model.method import Method
from nn_lint.model.syntax import self_attribute
from nn_lint.project.hierarchy import ExternalClass, ProjectClass, TorchClass
from nn_lint.project.sites import may_see

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_WALKING = re.compile(
    r"\.(?:children|named_children|modules|named_modules|_modules|get_submodule|__dict__)\b"
    r"|\b(?:getattr|vars|locals|dir|attrgetter)\(|\b__(?:getattr|getattribute|getitem)__\b"
)
_KEPT = re.compile(r"unused|not used|dummy|compat|legacy|hook|checkpoint|placeholder|load|TODO|quant", re.IGNORECASE)
_MOST_FORGOTTEN = 3
"""A class with more of them than that was cut down on purpose, and keeps the layers of some checkpoint."""
_NUMBER = re.compile(r"_?\d+")
_NO_STEP = frozenset({"Identity", "Module", "ModuleList", "ModuleDict"})


@dataclass(frozen=True, slots=True, eq=False)
class StoredLayer:
    """A layer that `__init__` stores once: its attribute, the target and value of the statement, its bare class."""

    attribute: str
    target: cst.BaseExpression
    call: cst.Call
    kind: str


def unused_layers(cls: ModuleClass) -> tuple[StoredLayer, ...]:
    """The layers that `__init__` stores and that are never taken again.

    Python reads `self.op２` as `self.op2`: names of other letters than ASCII may be spelled in several ways.
    """
    init, forward = cls.init, cls.method("forward")
    if init is None or forward is None or not may_be_unused(cls.text):
        return ()
    if not _is_in_sight(cls, init, forward):
        return ()
    found = [
        item for item in stored_layers(cls) if item.attribute.isascii() and _is_named_once(item.attribute, cls.text)
    ]
    if not found or any(_WALKING.search(owner.text) for owner in (cls, *cls.ancestors)):
        return ()
    kept = [item for item in found if not _is_kept(cls, item) and not _is_of_used_set(cls, item, found)]
    left = tuple(item for item in kept if not _is_used_elsewhere(cls, item.attribute))
    return left if len(left) <= _MOST_FORGOTTEN else ()


def _is_of_used_set(cls: ModuleClass, item: StoredLayer, unused: list[StoredLayer]) -> bool:
    """Whether a layer without weights is one of a set (`up2`, `up4`, `up8`) of which others are used."""
    if cls.init is None or holds_weights(cls, cls.init, item.call):
        return False
    stem, names = _NUMBER.sub("", item.attribute), {other.attribute for other in unused}
    return any(
        other.kind == item.kind and other.attribute not in names and _NUMBER.sub("", other.attribute) == stem
        for other in stored_layers(cls)
    )


def stored_layers(cls: ModuleClass) -> Iterator[StoredLayer]:
    """`self.fc = nn.Linear(...)`, or a parameter that trains, in the `__init__` of the class itself."""
    for node in cls.init.own_nodes if cls.init is not None else ():
        if not isinstance(node, cst.Assign) or len(node.targets) != 1 or not isinstance(node.value, cst.Call):
            continue
        target = node.targets[0].target
        name = self_attribute(target, cls.init.receiver) if cls.init is not None else None
        built = built_class(cls, cls.init, node.value) if name is not None and cls.init is not None else None
        if name is not None and built is None and _is_trained_parameter(cls, node.value):
            yield StoredLayer(name, target, node.value, "Parameter")
        if name is None or built is None or isinstance(built, ExternalClass):
            continue
        kind = built.name if isinstance(built, TorchClass) else built.facts.name
        if kind not in _NO_STEP and not kind.endswith("Loss"):
            yield StoredLayer(name, target, node.value, kind)


def _is_trained_parameter(cls: ModuleClass, call: cst.Call) -> bool:
    """A parameter of which nothing says whether it trains, so that it does."""
    is_said = any(item.keyword is not None and item.keyword.value == "requires_grad" for item in call.args)
    return cls.init is not None and not is_said and is_parameter(cls, cls.init, call)


_STORE = re.compile(r"\.(\w+)[ \t]*=[ \t]*\(?[ \t]*(?:\w+\.)*[A-Z]\w*\(")


def may_be_unused(text: str) -> bool:
    """Whether some attribute gets the call of a class and stands nowhere else, by the text of the class."""
    return any(_is_named_once(name, text) for name in set(_STORE.findall(text)))


def _is_named_once(attribute: str, text: str) -> bool:
    """As an attribute of anything, and never as a string or `in backticks`; lines that were commented out count."""
    named = len(re.findall(rf"\.\s*{attribute}\b", text)) == 1
    return named and re.search(rf"[\"'](?:\w+\.)*{attribute}(?:\.\w+)*[\"']|`(?:self\.)?{attribute}`", text) is None


def _is_in_sight(cls: ModuleClass, init: Method, forward: Method) -> bool:
    """Whether all code that could use a layer of the class is there to be read."""
    torch_bases = [item for item in cls.ancestry.order if isinstance(item, TorchClass)]
    if not cls.is_certain or torch_bases != [TorchClass("Module")] or cls.facts.decorators or init.decorators:
        return False
    if forward.is_abstract or not _does_something(forward) or "forward" in cls.rebound_attributes:
        return False
    handed = {
        name for owner in (cls, *cls.ancestors) for method in owner.methods for name in method.hands_receiver_to()
    }
    return handed <= {"super", "isinstance", "type"}


def _does_something(forward: Method) -> bool:
    """Whether forward calls some layer of the class."""
    return any(
        isinstance(node, cst.Call) and self_attribute(node.func, forward.receiver) is not None
        for node in forward.own_nodes
    )


def _is_kept(cls: ModuleClass, item: StoredLayer) -> bool:
    """Whether the attribute, or a comment at its row, says why an unused layer is there."""
    span = cls.syntax.span(item.call)
    rows = [cls.syntax.lines.row(row) for row in (span.start.row - 1, span.start.row, span.end.row)]
    comments = [row.partition("#")[2] for row in rows]
    return any(map(_KEPT.search, (item.attribute, *comments)))


def _is_used_elsewhere(cls: ModuleClass, attribute: str) -> bool:
    """Whether a base, an heir, or a file that sees the class takes an attribute of that name of anything but itself.

    `F.relu(x)` and `x.relu()` are functions of torch.
    """
    if any(re.search(rf"\.\s*{attribute}\b", owner.text) for owner in cls.ancestors):
        return True
    hierarchy = cls.registry.hierarchy
    taken = (
        rf"(?<!\bself)(?<!\bF)(?<!\btorch)(?<!\bfunctional)\.\s*{attribute}\b(?!\(\))"
        rf"|[\"'](?:\w+\.)*{attribute}(?:\.\w+)*[\"']"
    )
    for file in hierarchy.files.mentioning(cls.name, cls.definition.file):
        if not may_see(cls.definition, file):
            continue
        if file.matches(taken):
            return True
        for facts in file.facts.classes:
            heir = ProjectClass(file, facts)
            if cls.definition in hierarchy.ancestry(heir).order and _uses(heir, attribute):
                return True
    return False


def _uses(heir: ProjectClass, attribute: str) -> bool:
    """Whether the text of an heir takes an attribute, or walks over the submodules."""
    text = heir.file.text.readable.rows(heir.facts.first_row, heir.facts.end_row)
    return re.search(rf"\.\s*{attribute}\b", text) is not None or _WALKING.search(text) is not None
