"""Whether the class that holds a block brings the block's input back around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ExternalClass, ProjectClass
from nn_lint.project.outcomes import SiteKind
from nn_lint.project.sites import Site

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_QUIET = frozenset({SiteKind.NEUTRAL, SiteKind.SUBCLASSED})
_JOINING = frozenset({Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.CONCATENATE, Kind.UNKNOWN, Kind.LAYER})
_JOINS = re.compile(r"\+|\b(?:add|sum|cat|stack|lerp)\b")
_NO_BLOCK = re.compile(r"emb|pos|norm|drop|head|stem|patch|token", re.IGNORECASE)
"""What is no block by the name of its submodule."""
_NEAR = 3
"""How many layers a shortcut of the caller passes by at most: the block, and a norm and a dropout beside it."""


def caller_may_add(cls: ModuleClass, sites: tuple[Site, ...]) -> bool:
    """Whether a class that holds instances joins what it gives the block and what it gets, or cannot be followed."""
    holders = dict.fromkeys(site.holder for site in sites if site.holder is not None and site.kind not in _QUIET)
    return any(holder != cls.definition and _passes_a_layer_by(cls, holder) for holder in holders)


def _passes_a_layer_by(cls: ModuleClass, holder: ProjectClass) -> bool:
    """Whether some value of a forward is joined to what a layer made of it; without a forward, whether it may be."""
    model = cls.registry.model(holder)
    forward = model.find_method("forward")
    if forward is None:
        return any(_JOINS.search(item.text) for item in (model, *model.ancestors))
    return any(_joins_around(cls, model, value) for value in model.flow_of(forward).values)


def _joins_around(cls: ModuleClass, holder: ModuleClass, value: Value) -> bool:
    """Whether one operand has passed what may be the block, and another one has not: identity, projection, or dense."""
    if value.kind not in _JOINING or len(value.dependent_operands) < 2:
        return False
    if value.kind is Kind.LAYER and _may_be(cls, holder, value):
        return False
    if value.kind is Kind.ADD and any(item.kind is Kind.COLLECTION for item in value.operands):
        return False
    depths = {operand: operand.depths() for operand in value.dependent_operands}
    return any(
        _is_near(value.kind, depths[far][shared], depths[near][shared])
        and any(_may_be(cls, holder, layer) for layer in _passed(value.kind, shared, far, near))
        for far, near in permutations(depths, 2)
        for shared in depths[far].keys() & depths[near].keys()
    )


def _is_near(kind: Kind, far: int, near: int) -> bool:
    """Whether layers between two operands and what both are made of are as few as around one block.

    A lateral connection of a feature pyramid has a layer on either side, and more on the deeper one.
    """
    if kind in (Kind.CONCATENATE, Kind.MULTIPLY):
        return far == 1 and near == 0
    return (near == 0 and 1 <= far <= _NEAR) or (near == 1 and far == 1)


def _passed(kind: Kind, shared: Value, far: Value, near: Value) -> Iterator[Value]:
    """The layers that one operand has passed, where they can be what the other one goes around.

    Blocks of one list that are added to each other are parallel; what a block is given beside its stream and is
    joined to again, such as a class token or the embedding of a time step, is not its stream.
    """
    beside = {layer.name for layer in _between(shared, near)}
    for layer in _between(shared, far):
        is_stream = bool(layer.operands) and layer.operands[0].depths().get(shared) == 0
        if layer.name not in beside and (kind in (Kind.ADD, Kind.SUBTRACT) or is_stream):
            yield layer


def _between(shared: Value, far: Value) -> Iterator[Value]:
    """The layers and unknown calls that a value has passed since it was another one."""
    before = set(shared.ancestors())
    return (item for item in far.ancestors() if item.kind in (Kind.LAYER, Kind.UNKNOWN) and item not in before)


def _may_be(cls: ModuleClass, holder: ModuleClass, value: Value) -> bool:
    """Whether a call may be one of the block: its submodule is out of sight, or holds the class or an heir of it."""
    found = holder.layers.alternatives(value.name.removesuffix("[]")) if value.kind is Kind.LAYER else None
    if found is None:
        return value.kind is Kind.UNKNOWN or _NO_BLOCK.search(value.name) is None
    built = (part.cls for parts in found for part in parts)
    return any(
        isinstance(item, ExternalClass)
        or (isinstance(item, ProjectClass) and cls.definition in (item, *cls.registry.hierarchy.ancestry(item).order))
        for item in built
    )
