"""The edits that move a branch's activation behind the sum with the shortcut."""

from __future__ import annotations

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import delete_rows, insert_after, is_within, replace, stands_alone
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.activation_order import EarlyActivation
from nn_lint.model.syntax import walk


def move_activation(cls: ModuleClass, early: EarlyActivation) -> tuple[Edit, ...] | None:
    """Take the activation off the branch, and put it around the sum unless one stands there already."""
    forward, call = cls.method("forward"), early.node
    if forward is None or not isinstance(call, cst.Call) or not _is_simple(call):
        return None
    if not {call, early.total} <= set(walk(forward.node, cst.Call, cst.BinaryOperation, cst.AugAssign)):
        return None
    if is_within(cls.syntax.span(call), cls.syntax.span(early.total)):
        total, text = cls.syntax.text(early.total), cls.syntax.text(call)
        if not isinstance(early.total, cst.BinaryOperation) or total.count(text) != 1:
            return None
        bare = total.replace(text, cls.syntax.text(call.args[0].value))
        return (replace(cls.syntax.span(early.total), bare if early.follows else _applied(cls, call, bare)),)
    taken = _take_off(cls, forward, call)
    put = () if early.follows else _put_around(cls, early.total, call)
    return None if taken is None or put is None else (taken, *put)


def _is_simple(call: cst.Call) -> bool:
    """`self.relu(out)`, `F.relu(self.bn(out), inplace=True)`: what is activated comes first, as a name or a call."""
    first = call.args[0] if call.args else None
    return first is not None and first.keyword is None and isinstance(first.value, (cst.Name, cst.Call))


def _applied(cls: ModuleClass, call: cst.Call, argument: str) -> str:
    """The text of the same call of something else."""
    rest = [f"{item.keyword.value}={cls.syntax.text(item.value)}" for item in call.args[1:] if item.keyword is not None]
    return f"{cls.syntax.text(call.func)}({', '.join((argument, *rest))})"


def _take_off(cls: ModuleClass, forward: Method, call: cst.Call) -> Edit | None:
    """The call becomes its argument; `out = self.relu(out)` goes altogether."""
    argument = cls.syntax.text(call.args[0].value)
    for statement in walk(forward.node, cst.Assign):
        if not isinstance(statement, cst.Assign) or statement.value is not call:
            continue
        span = cls.syntax.span(statement)
        if len(statement.targets) == 1 and cls.syntax.text(statement.targets[0].target) == argument:
            alone = stands_alone(cls.syntax.lines, span)
            return delete_rows(cls.syntax.lines, span.start.row, span.end.row) if alone else None
    return replace(cls.syntax.span(call), argument)


def _put_around(cls: ModuleClass, total: cst.CSTNode, call: cst.Call) -> tuple[Edit, ...] | None:
    span = cls.syntax.span(total)
    if not isinstance(total, cst.AugAssign):
        return (replace(span, _applied(cls, call, cls.syntax.text(total))),)
    if not isinstance(total.target, cst.Name) or not stands_alone(cls.syntax.lines, span):
        return None
    target = total.target.value
    return (insert_after(cls.syntax.lines, span, [f"{target} = {_applied(cls, call, target)}"]),)
