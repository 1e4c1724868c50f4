"""What a class's `__init__` sets up and wipes again: the inits of its bases, run in the order of its own MRO."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.attributes import assigned_attributes, read_attributes
from nn_lint.model.init_order import InitEvent, Unfollowed, run_of_inits

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_KEEPING = frozenset(
    "_modules _parameters _buffers __dict__ children named_children modules named_modules state_dict".split()
)
"""What an init takes of itself to put layers back after they were wiped."""


@dataclass(frozen=True, slots=True)
class Wipe:
    """A call of a parent's `__init__` that empties the tables again, and the attributes that were in them."""

    node: cst.CSTNode
    lost: tuple[str, ...]


def wipes(cls: ModuleClass) -> Iterator[Wipe]:
    """The statements of a class's own `__init__` or `forward` that throw away what was registered before them."""
    init, forward = cls.init, cls.method("forward")
    if init is None or any(_keeps_layers(method) for method in cls.methods if method is init or method.parent_calls):
        return
    again = (forward,) if forward is not None and forward.parent_calls else ()
    try:
        events = run_of_inits(cls, *again)
    except Unfollowed:
        return
    for index, event in enumerate(events):
        if event.attribute is None and event.cause is not None:
            lost = tuple(_lost(cls, events, index))
            if lost:
                yield Wipe(event.cause, lost)


def _keeps_layers(method: Method) -> bool:
    return bool(method.attributes_of(method.receiver) & _KEEPING)


def _lost(cls: ModuleClass, events: Sequence[InitEvent], index: int) -> Iterator[str]:
    """What was registered before an init that is not the first one, by other statements, and not again after it."""
    before = [item for item in events[:index] if item.cause is not events[index].cause]
    after = {item.attribute for item in events[index + 1 :]}
    if any(item.attribute is None for item in before):
        for name in dict.fromkeys(item.attribute for item in before if item.attribute and item.attribute not in after):
            if _is_set_once(cls, name) and name not in _dropped(cls):
                yield name


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
