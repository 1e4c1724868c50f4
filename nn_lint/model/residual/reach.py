"""How the input of a forward comes back in each of its outputs: as it is, added, joined, gated, projected, or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.items import class_called
from nn_lint.model.residual.passage import MERGES, Reach, best, is_weighting, joined, through, torch_step
from nn_lint.model.residual.routes import ordered
from nn_lint.model.values import Kind, Value, is_residual_sum
from nn_lint.project.hierarchy import ProjectClass, Resolved

if TYPE_CHECKING:
    from nn_lint.model.layers import Layer
    from nn_lint.model.module_class import ModuleClass

_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Output:
    """One value that a forward gives back; those of a tuple or dict are apart."""

    statement: cst.CSTNode
    value: Value
    reach: Reach


def outputs(cls: ModuleClass) -> Iterator[Output]:
    """Every output of a class's own or inherited forward, and how the first input that matters reaches it."""
    forward = cls.find_method("forward")
    if forward is None:
        return
    flow = cls.flow or cls.flow_of(forward)
    results = [(node, part) for node, value in flow.returned for part in parts(value)]
    made_of = {item for _, value in results for item in value.ancestors()}
    source = next((item for item in flow.inputs if item in made_of), None)
    tracer = _Tracer(cls, {} if source is None else {source: Reach.IDENTITY}, _DEPTH)
    for node, value in results:
        yield Output(node, value, tracer.way(value) or Reach.NONE)


def parts(value: Value) -> Iterator[Value]:
    """The values of a tuple, list or dict, nested ones too; anything else is one value."""
    if value.kind is Kind.COLLECTION and value.operands:
        for operand in value.operands:
            yield from parts(operand)
    else:
        yield value


class _Tracer:
    """Follows some values of one forward, whose own ways are known, through all that is made of them."""

    def __init__(self, cls: ModuleClass, known: Mapping[Value, Reach], depth: int) -> None:
        self._cls = cls
        self._depth = depth
        self._ways: dict[Value, Reach | None] = dict(known)

    def way(self, value: Value) -> Reach | None:
        """The best way to a value; `None` where nothing that is followed reaches it."""
        for item in ordered(value):
            if item not in self._ways:
                self._ways[item] = self._step(item)
        return self._ways.get(value)

    def _step(self, value: Value) -> Reach | None:
        found = [way for operand in value.dependent_operands if (way := self._ways.get(operand)) is not None]
        if not found:
            return None
        if value.kind is Kind.LAYER:
            return self._called(value, 0)
        if value.kind is Kind.UNKNOWN:
            return Reach.UNKNOWN
        if is_weighting(value):
            return through(best(found))
        if value.kind is Kind.ITEM and value.index is not None and value.operands[0].kind is Kind.LAYER:
            return self._called(value.operands[0], value.index)
        if value.kind not in MERGES or len(found) < 2:
            return best(found)
        return joined(MERGES[value.kind], found, passes_layers_by=is_residual_sum(value))

    def _called(self, value: Value, index: int) -> Reach:
        """The way to one part of what a submodule gives."""
        given = [self._ways.get(operand) for operand in value.operands]
        if value.layer is not None and value.layer.torch_name == "Sequential":
            return self._sequence(value.layer, best([way for way in given if way]))
        return self._one(class_called(self._cls, value), value, given, index)

    def _sequence(self, layer: Layer, way: Reach) -> Reach:
        """The way behind a Sequential; one whose children cannot be read is unknown, an empty one the identity."""
        if layer.call.args and not layer.children:
            return Reach.UNKNOWN
        for child in layer.children:
            is_nested = child.torch_name == "Sequential"
            way = self._sequence(child, way) if is_nested else self._one(child.cls, None, [way], 0)
        return way

    def _one(self, called: Resolved | None, call: Value | None, given: Sequence[Reach | None], index: int) -> Reach:
        """What one submodule makes of the ways that it is given; without a call it stands in a Sequential."""
        if not isinstance(called, ProjectClass):
            return torch_step(called, call.name if call is not None else "", best([way for way in given if way]))
        model = self._cls.registry.model(called)
        forward = model.find_method("forward")
        if forward is None or self._depth == 0:
            return Reach.UNKNOWN
        flow = model.flow or model.flow_of(forward)
        known = _arrived(flow.inputs, call, given)
        tracer = _Tracer(model, known, self._depth - 1)
        results = [list(parts(result)) for _, result in flow.returned]
        ways = [tracer.way(result[min(index, len(result) - 1)]) or Reach.NONE for result in results]
        return best(ways) if known and ways else Reach.UNKNOWN


def _arrived(inputs: Sequence[Value], call: Value | None, given: Sequence[Reach | None]) -> dict[Value, Reach]:
    """The ways to the parameters of a submodule's forward; empty where the call cannot be matched with them."""
    arguments = call.node.args if call is not None and isinstance(call.node, cst.Call) else ()
    if any(item.star for item in arguments):
        return {}
    keywords = [item.keyword.value if item.keyword is not None else None for item in arguments]
    names = keywords if len(keywords) == len(given) else [None] * len(given)
    by_name = {item.name: item for item in inputs}
    found: dict[Value, Reach] = {}
    for position, (name, way) in enumerate(zip(names, given)):
        parameter = by_name.get(name) if name is not None else inputs[position] if position < len(inputs) else None
        if parameter is not None and way is not None:
            found[parameter] = way
    return found
