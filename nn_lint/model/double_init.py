"""What a class's `__init__` sets up and wipes again: the inits of its bases, run in the order of its own MRO."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.attributes import assigned_attributes, read_attributes
from nn_lint.model.parent_calls import CallForm, ParentCall
from nn_lint.model.syntax import self_attribute
from nn_lint.project.hierarchy import ProjectClass, Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_DEPTH = 8
_KEEPING = frozenset(
    "_modules _parameters _buffers __dict__ children named_children modules named_modules state_dict".split()
)
"""What an init takes of itself to put layers back after they were wiped."""
_RIGHT = (CallForm.ZERO_ARGUMENT, CallForm.TWO_ARGUMENT, CallForm.EXPLICIT)


@dataclass(frozen=True, slots=True)
class Wipe:
    """A call of a parent's `__init__` that empties the tables again, and the attributes that were in them."""

    call: ParentCall
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    """`nn.Module.__init__` runs (no attribute), or a layer is registered; `call` is the statement that leads there."""

    attribute: str | None
    call: ParentCall | None


class _Unknown(Exception):
    """An init that cannot be followed for certain."""


def wipes(cls: ModuleClass) -> Iterator[Wipe]:
    """The calls in a class's own `__init__` that throw away what was registered before them."""
    if cls.init is None or len(cls.init.parent_calls) < 2 or cls.init.attributes_of(cls.init.receiver) & _KEEPING:
        return
    try:
        events = list(_run(cls, (cls.definition, *cls.ancestry.order), None, cls, _DEPTH))
    except _Unknown:
        return
    for index, event in enumerate(events):
        if event.attribute is not None or event.call is None:
            continue
        before = [item for item in events[:index] if item.call is not event.call]
        after = {item.attribute for item in events[index + 1 :]}
        if not any(item.attribute is None for item in before):
            continue
        lost = dict.fromkeys(item.attribute for item in before if item.attribute and item.attribute not in after)
        names = tuple(name for name in lost if _is_set_once(cls, name) and name not in _dropped(cls))
        if names:
            yield Wipe(event.call, names)


def _is_set_once(cls: ModuleClass, name: str) -> bool:
    methods = (method for item in (cls, *cls.ancestors) for method in item.methods)
    return sum(found == name for method in methods for found in assigned_attributes(method)) == 1


def _dropped(cls: ModuleClass) -> frozenset[str]:
    """What only methods read that an heir has replaced: nobody misses it."""
    live: dict[str, Method] = {}
    replaced: list[Method] = []
    for item in (cls, *cls.ancestors):
        for method in item.methods:
            heir = live.setdefault(method.name, method)
            if heir is not method and "super" not in heir.names_read:
                replaced.append(method)
            elif heir is not method:
                live[f"{item.name}.{method.name}"] = method
    read = {name for method in live.values() for name in read_attributes(method)}
    return frozenset(name for method in replaced for name in read_attributes(method)) - read


def _run(
    owner: ModuleClass, order: Sequence[Resolved], call: ParentCall | None, top: ModuleClass, depth: int
) -> Iterator[_Event]:
    """The events of the init of one class; `order` is the MRO of the instance from that class on."""
    init = owner.init
    if depth == 0 or (init is not None and init.decorators):
        raise _Unknown
    if init is None:
        yield from _next(order[1:], call, top, depth)
        return
    calls = {item.node: item for item in init.parent_calls}
    seen = 0
    for statement in init.statements:
        node = statement.value if isinstance(statement, cst.Expr) else None
        found = calls.get(node) if node is not None else None
        if found is not None:
            seen += 1
            yield from _follow(owner, order, found, call or found, top, depth)
        elif isinstance(statement, cst.Assign) and owner.construction.is_registered_value(statement.value):
            names = (self_attribute(item.target, init.receiver) for item in statement.targets)
            yield from (_Event(name, call) for name in names if name is not None)
    if seen != len(calls):
        raise _Unknown


def _follow(
    owner: ModuleClass, order: Sequence[Resolved], found: ParentCall, call: ParentCall, top: ModuleClass, depth: int
) -> Iterator[_Event]:
    """What one call of a parent's init runs."""
    if not (found.is_called and found.is_spelled_right and found.form in _RIGHT):
        raise _Unknown
    if found.form is not CallForm.ZERO_ARGUMENT and found.parent is not None:
        target = owner.resolve(found.parent)
        full = (top.definition, *top.ancestry.order)
        if target not in full:
            raise _Unknown
        rest = full[full.index(target) :]
        if found.form is CallForm.EXPLICIT:
            yield from _next(rest, call, top, depth)
            return
        order = rest
    yield from _next(order[1:], call, top, depth)


def _next(order: Sequence[Resolved], call: ParentCall | None, top: ModuleClass, depth: int) -> Iterator[_Event]:
    """The first class of an order that has an init, run."""
    for index, item in enumerate(order):
        if isinstance(item, TorchClass):
            yield _Event(None, call)
            return
        if not isinstance(item, ProjectClass):
            if getattr(item, "harmless", False):
                continue
            raise _Unknown
        if item.facts.method("__init__") is not None:
            yield from _run(top.registry.model(item), order[index:], call, top, depth - 1)
            return
