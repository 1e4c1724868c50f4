"""What a method does whatever mode or device it is in: no block or expression behind a condition on that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import children, walk

if TYPE_CHECKING:
    from nn_lint.model.method import Method

_MODE = re.compile(r"train|eval|infer|test|predict|sampl|determin|augment|perturb|grad_enabled", re.IGNORECASE)
_LEAVING = (cst.Return, cst.Raise, cst.Continue, cst.Break)


def calls_in_any_mode(method: Method) -> Iterator[cst.Call]:
    """The calls of a method that no condition on training, evaluation or the like stands before."""
    yield from calls_without_condition(method, _MODE)


def calls_without_condition(method: Method, on: re.Pattern[str]) -> Iterator[cst.Call]:
    """The calls of a method that run whatever a condition with one of the words says, an early return included."""
    yield from (node for node in _nodes(method, method.node.body, on) if isinstance(node, cst.Call))


def mentions_mode(method: Method, node: cst.CSTNode) -> bool:
    """Whether an expression asks for training, evaluation or the like."""
    return _MODE.search(method.syntax.text(node)) is not None


def _nodes(method: Method, node: cst.CSTNode, on: re.Pattern[str]) -> Iterator[cst.CSTNode]:
    yield node
    if isinstance(node, (cst.If, cst.IfExp, cst.While)) and on.search(method.syntax.text(node.test)):
        return
    if isinstance(node, cst.BooleanOperation) and on.search(method.syntax.text(node.left)):
        return
    for child in children(node):
        yield from _nodes(method, child, on)
        if isinstance(child, cst.If) and on.search(method.syntax.text(child.test)) and _leaves(child):
            return


def _leaves(node: cst.If) -> bool:
    """Whether a condition ends the block: what follows runs in one mode alone."""
    return any(True for _ in walk(node.body, *_LEAVING, into_scopes=False))
