"""How the input of a `forward` comes back in its result, and the spine that all of its paths share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModelRegistry, ModuleClass

_CARRIERS = frozenset({Kind.COLLECTION, Kind.ITEM, Kind.CHOICE})


class Route(Enum):
    """How a value made of the input, and something with more layers made of the same, meet again."""

    SUM = "they are added or subtracted: a shortcut"
    CONCATENATION = "they are concatenated"
    GATE = "they are multiplied"
    HANDED = "one call gets both"
    PARALLEL = "branches of equal depth meet, in whatever way"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A value where several paths from the input meet. `is_raw`: one of them has passed no layer."""

    value: Value
    route: Route
    is_raw: bool

    @property
    def joins_raw(self) -> bool:
        """Whether the raw input meets something that has passed more layers."""
        return self.is_raw and self.route is not Route.PARALLEL


@dataclass(frozen=True, eq=False)
class Stream:
    """The way of one input of `forward` to its result. `values` depend on the input, operands before their users."""

    source: Value
    result: Value
    values: tuple[Value, ...]

    @cached_property
    def _members(self) -> frozenset[Value]:
        return frozenset(self.values)

    def operands(self, value: Value) -> tuple[Value, ...]:
        """The distinct operands of a value that are made of the source."""
        return tuple(item for item in value.dependent_operands if item in self._members)

    @cached_property
    def meetings(self) -> tuple[Meeting, ...]:
        """Where paths meet, in order. A condition that chooses one of them is no meeting."""
        found = (self._meeting(value) for value in self.values)
        return tuple(meeting for meeting in found if meeting is not None)

    @cached_property
    def spine(self) -> tuple[Value, ...]:
        """The values that every path passes, source first, result last.

        Where there are several paths between two of them (a gate, an attention product), the inner values are left out.
        """
        users = dict.fromkeys(self.values, 0)
        for value in self.values:
            for operand in self.operands(value):
                users[operand] += 1
        found, open_paths = [], 0
        for value in self.values:
            open_paths -= len(self.operands(value))
            if open_paths == 0:
                found.append(value)
            open_paths += users[value]
        return tuple(found)

    @cached_property
    def cases(self) -> frozenset[Value]:
        """The values of the spine, and those that a condition chooses from to make one of them."""
        chosen = (item for value in self.spine if value.kind is Kind.CHOICE for item in self.operands(value))
        return frozenset((*self.spine, *chosen))

    @property
    def is_identity(self) -> bool:
        """Nothing but the choice between values stands between source and result on some path."""
        pending = [self.result]
        while pending:
            value = pending.pop()
            if value is self.source:
                return True
            if value.kind in _CARRIERS:
                pending.extend(self.operands(value))
        return False

    @property
    def has_shortcut(self) -> bool:
        """Whether a value passes layers by and is added, or the raw input is joined to the result in any way.

        Branches of as many layers that are added are taken for a branch and its projection.
        """
        return self.is_identity or any(self.is_addition(meeting) or meeting.joins_raw for meeting in self.meetings)

    def is_addition(self, meeting: Meeting) -> bool:
        """Whether paths are added; those of equal depth too, since a projection may be as deep as the branch."""
        return meeting.route is Route.SUM or meeting.value.kind in (Kind.ADD, Kind.SUBTRACT)

    def _meeting(self, value: Value) -> Meeting | None:
        sides = self.operands(value)
        if len(sides) < 2 or value.kind in _CARRIERS:
            return None
        depths = [side.depths() for side in sides]
        shared = [item for item in self.values if sum(item in depth for depth in depths) > 1]
        uneven = any(len({depth[item] for depth in depths if item in depth}) > 1 for item in shared)
        is_raw = any(depth.get(self.source) == 0 for depth in depths)
        return Meeting(value, _route(value.kind) if uneven else Route.PARALLEL, is_raw)


def _route(kind: Kind) -> Route:
    if kind in (Kind.ADD, Kind.SUBTRACT):
        return Route.SUM
    if kind is Kind.MULTIPLY:
        return Route.GATE
    return Route.CONCATENATION if kind is Kind.CONCATENATE else Route.HANDED


def main_stream(cls: ModuleClass) -> Stream | None:
    """The way of the first input that matters to what each `return` gives first.

    Statements behind a `return` make an unknown way.
    """
    flow = cls.flow
    if flow is None or not flow.returned or flow.unreachable:
        return None
    results = tuple(dict.fromkeys(_first(value) for _, value in flow.returned))
    result = results[0] if len(results) == 1 else Value(Kind.CHOICE, results)
    source = next((item for item in flow.inputs if item in set(result.ancestors())), None)
    return None if source is None else stream_between(source, result)


def _first(value: Value) -> Value:
    while value.kind is Kind.COLLECTION and value.operands:
        value = value.operands[0]
    return value


def stream_between(source: Value, result: Value) -> Stream:
    """The values that a source reaches, and that reach a result."""
    reached = {source}
    values = [source]
    for value in ordered(result):
        if value is not source and any(operand in reached for operand in value.operands):
            reached.add(value)
            values.append(value)
    return Stream(source, result, tuple(values))


def ordered(result: Value) -> list[Value]:
    """The dependent ancestors of a value, operands before their users."""
    order: list[Value] = []
    entered: set[Value] = set()
    pending: list[tuple[Value, bool]] = [(result, False)]
    while pending:
        value, is_done = pending.pop()
        if is_done:
            order.append(value)
        elif value.depends and value not in entered:
            entered.add(value)
            pending.append((value, True))
            pending.extend((operand, False) for operand in value.dependent_operands)
    return order


def streams(cls: ModuleClass, places: frozenset[int | str] | None = None) -> Iterator[Stream]:
    """The ways of every input to every result of the class's own or inherited forward.

    With positions and keywords of a call, only those of the inputs that stand there.
    """
    forward = cls.find_method("forward")
    flow = cls.flow or (cls.flow_of(forward) if forward is not None else None)
    if flow is None:
        return
    inputs = {
        item for place, item in enumerate(flow.inputs) if places is None or not places.isdisjoint((place, item.name))
    }
    for _, result in flow.returned:
        yield from (stream_between(source, result) for source in inputs & set(result.ancestors()))


def receives_input(cls: ModuleClass) -> bool:
    """Whether a forward has a shortcut anywhere, in its own text or in a submodule of the project."""
    return any(stream.has_shortcut for stream in streams(cls)) or _child_may_add(cls)


class Return(Enum):
    """Whether the input of a forward comes back in what it returns, as far as its text and its submodules tell."""

    NONE = "nothing brings it back"
    POSSIBLE = "a submodule may add it, branches are added to each other, or the raw input is joined in another way"
    CERTAIN = "a sum that passes layers by is written"


def return_of_input(cls: ModuleClass) -> Return:
    """The surest way in which a forward brings one of its inputs back; that a condition skips all of it is none."""
    ways = [(stream, meeting) for stream in streams(cls) for meeting in stream.meetings]
    if any(meeting.route is Route.SUM for _, meeting in ways):
        return Return.CERTAIN
    if any(stream.is_addition(meeting) or meeting.joins_raw for stream, meeting in ways) or _child_may_add(cls):
        return Return.POSSIBLE
    return Return.NONE


def _child_may_add(cls: ModuleClass) -> bool:
    return any(adds_its_input(cls, value, stream) for stream in streams(cls) for value in stream.values)


def adds_its_input(cls: ModuleClass, value: Value, stream: Stream | None = None) -> bool:
    """Whether the submodule that a value was made by is a class of the project that adds its own input somewhere.

    With a stream, only what comes from there counts as its input: a norm that shifts by a condition adds none of it.
    """
    if value.kind is not Kind.LAYER:
        return False
    attribute = value.name.removesuffix("[]")
    found = cls.layers.alternatives(attribute) or (() if value.layer is None else ((value.layer,),))
    children = dict.fromkeys(part.cls for parts in found for part in parts if isinstance(part.cls, ProjectClass))
    places = None if stream is None else _places(value, stream)
    return any(_child_adds(cls.registry, child, places) for child in children)


def _places(value: Value, stream: Stream) -> frozenset[int | str] | None:
    """The positions and keywords at which a call gets values of a stream; `None` where they cannot be told."""
    call = value.node
    if not isinstance(call, cst.Call) or len(call.args) != len(value.operands) or any(item.star for item in call.args):
        return None
    own = stream.operands(value)
    return frozenset(
        place if item.keyword is None else item.keyword.value
        for place, (item, operand) in enumerate(zip(call.args, value.operands))
        if operand in own
    )


def _child_adds(registry: ModelRegistry, child: ProjectClass, places: frozenset[int | str] | None) -> bool:
    """Whether a sum, or a call that may add, stands where every path through the child passes, or is a case of it.

    Sums inside an attention product do not stand there.
    """
    key = child, places
    if key not in registry.adding:
        registry.adding[key] = False
        model = registry.model(child)
        registry.adding[key] = any(
            any(_may_add(child, stream, meeting) and meeting.value in stream.cases for meeting in stream.meetings)
            or any(adds_its_input(model, value, stream) for value in stream.values)
            for stream in streams(model, places)
        )
    return registry.adding[key]


def _may_add(child: ProjectClass, stream: Stream, meeting: Meeting) -> bool:
    if _SCALES_OR_ATTENDS.search(child.facts.name) and not meeting.is_raw:
        return False
    is_open = meeting.value.kind in (Kind.UNKNOWN, Kind.LAYER) and meeting.route is Route.HANDED
    return stream.is_addition(meeting) or (is_open and meeting.is_raw)


_SCALES_OR_ATTENDS = re.compile(r"attention|attn|norm|mha", re.IGNORECASE)
"""What adds a mask or a shift to something of its own, and is no residual block."""
