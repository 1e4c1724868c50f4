"""Under which conditions the values of a forward are made, those of the methods that it runs too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.expressions import Flow
from nn_lint.model.method import Method
from nn_lint.model.suites import Suites
from nn_lint.model.syntax import walk
from nn_lint.model.values import Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_Around = tuple[cst.CSTNode, ...]


class Places:
    """The conditional pieces around every value, through the calls of the class's own methods that led to it."""

    def __init__(self, cls: ModuleClass, forward: Method, flow: Flow) -> None:
        self._forward = Suites(forward)
        self._methods: dict[cst.CSTNode, Method] = {method.node: method for method in cls.methods}
        self._inside: dict[cst.CSTNode, Suites] = {}
        self._runs: dict[Value, list[tuple[cst.Call, cst.CSTNode]]] = {}
        for run in sorted(flow.runs, key=lambda run: (run.start, -run.end)):
            for value in flow.values[run.start : run.end]:
                self._runs.setdefault(value, []).append((run.call, run.function))

    def around(self, value: Value) -> _Around | None:
        """The conditional pieces around a value, outermost first; `None` where it is made out of sight."""
        if value.node is not None and value.node in self._forward:
            return self._forward.around(value.node)
        runs = self._runs.get(value, [])
        found: list[cst.CSTNode] = []
        suites = self._forward
        for call, function in runs:
            if call not in suites or function not in self._methods:
                return None
            found += suites.around(call)
            suites = self._suites(function)
            found += [function] * _may_leave_early(function, suites)
        if not runs or value.node is None or value.node not in suites:
            return None
        return (*found, *suites.around(value.node))

    def is_unconditional(self, value: Value) -> bool:
        """Whether a value is made under no condition at all."""
        return self.around(value) == ()

    def runs_with(self, first: Value, second: Value) -> bool:
        """Whether all conditions around the first hold where the second is made."""
        around, other = self.around(first), self.around(second)
        return around is not None and other is not None and other[: len(around)] == around

    def _suites(self, function: cst.CSTNode) -> Suites:
        if function not in self._inside:
            self._inside[function] = Suites(self._methods[function])
        return self._inside[function]


def _may_leave_early(function: cst.CSTNode, suites: Suites) -> bool:
    """Whether a `return` under a condition may skip what stands behind it."""
    return any(not suites.is_unconditional(node) for node in walk(function, cst.Return))
