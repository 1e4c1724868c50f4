"""What `__init__` does in which order: where the parent's call stands among registrations, on every path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import libcst as cst

from nn_lint.model.syntax import simple_statements, walk


class Called(IntEnum):
    """Whether the parent's `__init__` has run by now."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Event:
    """A statement of interest and whether the parent's `__init__` had run before it."""

    node: cst.CSTNode
    called: Called


@dataclass(slots=True)
class InitFlow:
    """The result: registrations in the order of the text, and the ends of paths (`return`, or the body's own end)."""

    registrations: list[Event] = field(default_factory=list)
    exits: list[Event] = field(default_factory=list)
    guards: list[cst.If] = field(default_factory=list)


_Predicate = Callable[[cst.CSTNode], bool]


def trace_init(body: cst.BaseSuite, is_call: _Predicate, registers: _Predicate, ends: _Predicate) -> InitFlow:
    """Walk a body; `is_call`, `registers` and `ends` (nothing comes after) judge expressions and small statements."""
    tracer = _Tracer(is_call, registers, ends)
    end = tracer.suite(body, Called.NO)
    if end is not None:
        tracer.flow.exits.append(Event(body, end))
    return tracer.flow


class _Tracer:
    """Carries the state over statements; `None` is the state of code that is not reached."""

    def __init__(self, is_call: _Predicate, registers: _Predicate, ends: _Predicate) -> None:
        self.flow = InitFlow()
        self._is_call = is_call
        self._registers = registers
        self._ends = ends

    def suite(self, body: cst.BaseSuite, called: Called | None) -> Called | None:
        for statement in simple_statements(body):
            if called is None:
                return None
            called = self._statement(statement, called)
        return called

    def _statement(self, node: cst.CSTNode, called: Called) -> Called | None:
        if isinstance(node, cst.If):
            return self._if(node, called)
        if isinstance(node, (cst.For, cst.While)):
            after = self.suite(node.body, called)
            makes_call = any(self._is_call(item) for item in walk(node.body))
            return Called.YES if makes_call else called if after is None else max(called, after)
        if isinstance(node, (cst.Try, cst.TryStar)):
            return self._try(node, called)
        if isinstance(node, cst.With):
            return self.suite(node.body, self._simple(node.items, called))
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            return called
        if isinstance(node, cst.Match):
            reached = [state for case in node.cases if (state := self.suite(case.body, called)) is not None]
            return max([called, *reached])
        after = self._simple([node], called)
        if isinstance(node, cst.Return):
            self.flow.exits.append(Event(node, after))
            return None
        return None if isinstance(node, cst.Raise) or self._ends(node) else after

    def _if(self, node: cst.If, called: Called) -> Called | None:
        called = self._simple([node.test], called)
        then = self.suite(node.body, called)
        other: Called | None = called
        if isinstance(node.orelse, cst.If):
            other = self._if(node.orelse, called)
        elif isinstance(node.orelse, cst.Else):
            other = self.suite(node.orelse.body, called)
        if called is not Called.YES and then != other:
            self.flow.guards.append(node)
        return self._join([then, other])

    def _try(self, node: cst.Try | cst.TryStar, called: Called) -> Called | None:
        """A call in the body counts as made: what handlers do about a failing constructor is their own affair."""
        before = len(self.flow.exits)
        after = self.suite(node.body, called)
        handlers = [self.suite(handler.body, max(called, after or called)) for handler in node.handlers]
        if node.orelse is not None and after is not None:
            after = self.suite(node.orelse.body, after)
        result = self._join([after, *handlers])
        if node.finalbody is None:
            return result
        if any(self._is_call(item) for item in walk(node.finalbody.body)):
            self.flow.exits[before:] = [Event(event.node, Called.YES) for event in self.flow.exits[before:]]
        return self.suite(node.finalbody.body, result) if result is not None else None

    def _simple(self, nodes: Iterable[cst.CSTNode], called: Called) -> Called:
        for node in nodes:
            makes_call = any(self._is_call(item) for item in walk(node))
            if self._registers(node) and not makes_call:
                self.flow.registrations.append(Event(node, called))
            called = Called.YES if makes_call else called
        return called

    @staticmethod
    def _join(states: list[Called | None]) -> Called | None:
        reached = [state for state in states if state is not None]
        if not reached:
            return None
        return reached[0] if len(set(reached)) == 1 else Called.MAYBE


def holds_all(ladder: cst.If, calls: Sequence[cst.CSTNode]) -> bool:
    """Whether all calls are statements in the branches themselves, no two in one, and the last branch is an `else`."""
    held: list[int] = []
    branch: cst.If | cst.Else | None = ladder
    is_closed = False
    while branch is not None:
        values = [node.value for node in simple_statements(branch.body) if isinstance(node, cst.Expr)]
        held.append(sum(call is value for value in values for call in calls))
        is_closed = isinstance(branch, cst.Else)
        branch = branch.orelse if isinstance(branch, cst.If) else None
    return is_closed and sum(held) == len(calls) and max(held) == 1
