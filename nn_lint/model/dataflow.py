"""Runs a `forward` over abstract values: every assignment, branch, loop, helper method and nested function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model import functions
from nn_lint.model.calls import Calls
from nn_lint.model.expressions import CONSTANT, Environment, Flow
from nn_lint.model.method import Method
from nn_lint.model.syntax import walk
from nn_lint.model.values import Kind

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


_TURNS = 2
_DEEPEST_TURNS = 2


def trace_forward(cls: ModuleClass, method: Method) -> Flow:
    """The flow of one method of a module, called with all of its parameters."""
    interpreter = _Interpreter(cls, method.receiver)
    environment: Environment = {}
    inputs = []
    for parameter in method.parameters[0 if method.is_static else 1 :]:
        environment[parameter.name] = value = interpreter.make(Kind.INPUT, (), parameter.name, parameter.node)
        inputs.append(value)
    interpreter.flow.inputs = tuple(inputs)
    interpreter.suite(method.node.body, environment)
    return interpreter.flow


class _Interpreter(Calls):
    """Runs statements; branches are merged where they meet."""

    _loops = 0

    def suite(self, body: cst.BaseSuite, environment: Environment) -> bool:
        """Run a block; tells whether its end is reached."""
        statements = [
            inner
            for statement in body.body
            for inner in (statement.body if isinstance(statement, cst.SimpleStatementLine) else [statement])
        ]
        for index, statement in enumerate(statements):
            if not self._statement(statement, environment):
                self.flow.unreachable.extend(statements[index + 1 :])
                return False
        return True

    def _statement(self, node: cst.CSTNode, environment: Environment) -> bool:
        if isinstance(node, cst.Return):
            self._return(node, environment)
            return False
        if isinstance(node, (cst.Raise, cst.Continue, cst.Break)):
            return not isinstance(node, cst.Raise)
        if isinstance(node, cst.If):
            return self._if(node, environment)
        if isinstance(node, cst.Match):
            return self._match(node, environment)
        if isinstance(node, (cst.For, cst.While)):
            self._loop(node, environment)
        elif isinstance(node, cst.With):
            return self.suite(node.body, environment)
        elif isinstance(node, (cst.Try, cst.TryStar)):
            return self._try(node, environment)
        elif isinstance(node, cst.FunctionDef):
            environment[node.name.value] = self.function(node, environment, bound=False)
        else:
            self._simple(node, environment)
        return True

    def _simple(self, node: cst.CSTNode, environment: Environment) -> None:
        if isinstance(node, cst.Assign):
            value = self.expression(node.value, environment)
            for target in node.targets:
                self.bind(target.target, value, environment, node)
        elif isinstance(node, cst.AnnAssign) and node.value is not None:
            self.bind(node.target, self.expression(node.value, environment), environment, node)
        elif isinstance(node, cst.AugAssign):
            left = self.expression(node.target, environment)
            right = self.expression(node.value, environment)
            value = self.make(functions.operator_kind(node.operator), (left, right), "", node)
            self.bind(node.target, value, environment, node)
        elif isinstance(node, cst.Expr):
            self.flow.discarded.append((node, self.expression(node.value, environment)))

    def _return(self, node: cst.Return, environment: Environment) -> None:
        value = self.expression(node.value, environment) if node.value is not None else CONSTANT
        if self.returns:
            self.returns[-1].append(value)
        else:
            self.flow.returned = [*(item for item in self.flow.returned if item[0] is not node), (node, value)]

    def _if(self, node: cst.If, environment: Environment) -> bool:
        self.expression(node.test, environment)
        then, other = dict(environment), dict(environment)
        ends = [(then, self.suite(node.body, then))]
        if isinstance(node.orelse, cst.If):
            ends.append((other, self._if(node.orelse, other)))
        else:
            ends.append((other, self.suite(node.orelse.body, other) if node.orelse is not None else True))
        reached = [end for end, falls_through in ends if falls_through]
        self._merge(environment, reached)
        return bool(reached)

    def _loop(self, node: cst.For | cst.While, environment: Environment) -> None:
        """Run a body twice, so that what one turn leaves meets the next; a loop is taken to run at all."""
        self._loops += 1
        for _ in range(_TURNS if self._loops <= _DEEPEST_TURNS else 1):
            if isinstance(node, cst.For):
                self.bind(node.target, self.element(self.expression(node.iter, environment)), environment, node)
            self.suite(node.body, environment)
        self._loops -= 1
        if node.orelse is not None:
            self.suite(node.orelse.body, environment)

    def _match(self, node: cst.Match, environment: Environment) -> bool:
        """Each case may be the one, and unless one of them takes everything, none."""
        subject = self.expression(node.subject, environment)
        ends = []
        for case in node.cases:
            inside = dict(environment)
            for pattern in walk(case.pattern, cst.MatchAs, cst.MatchStar):
                if isinstance(pattern, (cst.MatchAs, cst.MatchStar)) and pattern.name is not None:
                    self.bind(pattern.name, self.make(Kind.ITEM, (subject,)), inside, node)
            ends.append((inside, self.suite(case.body, inside)))
        if not any(_takes_everything(case) for case in node.cases):
            ends.append((dict(environment), True))
        reached = [end for end, falls_through in ends if falls_through]
        self._merge(environment, reached)
        return bool(reached)

    def _try(self, node: cst.Try | cst.TryStar, environment: Environment) -> bool:
        ends = [dict(environment)]
        falls = [self.suite(node.body, ends[0])]
        for handler in node.handlers:
            ends.append(dict(environment))
            falls.append(self.suite(handler.body, ends[-1]))
        reached = [end for end, falls_through in zip(ends, falls) if falls_through]
        self._merge(environment, reached)
        if node.finalbody is not None:
            self.suite(node.finalbody.body, environment)
        return bool(reached)

    def _merge(self, environment: Environment, ends: Sequence[Environment]) -> None:
        names = dict.fromkeys(name for end in ends for name in end)
        for name in names:
            found = tuple(dict.fromkeys(end.get(name, CONSTANT) for end in ends))
            environment[name] = found[0] if len(found) == 1 else self.make(Kind.CHOICE, found, name)


def _takes_everything(case: cst.MatchCase) -> bool:
    return isinstance(case.pattern, cst.MatchAs) and case.pattern.pattern is None and case.guard is None
