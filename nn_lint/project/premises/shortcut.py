"""Whether a forward adds its input back for certain: then nothing about it needs to be looked into.

Only what is beyond doubt is followed: the first parameter, through submodules and functions that keep a tensor a
tensor, in straight statements and conditions.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nn_lint.project.premises.nodes import last_name
from nn_lint.project.premises.trees import ClassTree, MethodTree

_KEPT = frozenset(
    (
        "relu relu_ gelu silu tanh sigmoid softmax dropout contiguous view reshape flatten permute transpose squeeze "
        "unsqueeze float to mean layer_norm interpolate pad"
    ).split()
)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a name or expression holds: `identity` tells values apart, `is_sum` that a sum of the input is in it."""

    identity: int
    is_sum: bool = False


def adds_for_certain(cls: ClassTree, helpers: Collection[str]) -> bool:
    """Whether what forward returns contains a sum of two things that were made of its first parameter.

    `helpers` are the methods, its own and inherited ones, whose results are not known.
    """
    forward = next((item for item in reversed(cls.methods) if item.name == "forward"), None)
    parameters = forward.parameters if forward is not None else ()
    if forward is None or len(parameters) < 2:
        return False
    return _Run(forward, helpers).block(forward.node.body, {parameters[1]: _Made(0)}) is _ADDED


_ADDED: Mapping[str, _Made] = {}
"""Stands for the end of a block that returned such a sum."""


class _Run:
    """Follows the statements of one forward."""

    def __init__(self, forward: MethodTree, helpers: Collection[str]) -> None:
        self._receiver = forward.receiver
        self._helpers = helpers
        self._count = 0

    def block(self, body: Sequence[ast.stmt], known: Mapping[str, _Made]) -> Mapping[str, _Made]:
        """What names hold after a block; `_ADDED` once a sum was returned."""
        names = dict(known)
        for statement in body:
            if isinstance(statement, ast.Return):
                made = self._made(_first(statement.value), names)
                return _ADDED if made is not None and made.is_sum else names
            if isinstance(statement, ast.If):
                ends = [self.block(block, names) for block in (statement.body, statement.orelse)]
                if any(end is _ADDED for end in ends):
                    return _ADDED
                names = self._joined(*ends)
            else:
                self._simple(statement, names)
        return names

    def _simple(self, statement: ast.stmt, names: dict[str, _Made]) -> None:
        made = None
        target: ast.expr | None = None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, made = statement.targets[0], self._made(statement.value, names)
        elif isinstance(statement, ast.AugAssign):
            target = statement.target
            made = self._joint(statement.op, target, statement.value, names)
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                names.pop(node.id, None)
        if isinstance(target, ast.Name) and made is not None:
            names[target.id] = made

    def _joined(self, then: Mapping[str, _Made], other: Mapping[str, _Made]) -> dict[str, _Made]:
        """What names hold behind a condition: made of the input on both ways, a sum on one of them."""
        found = {}
        for name in then.keys() & other.keys():
            one, two = then[name], other[name]
            found[name] = one if one == two else _Made(self._new(), one.is_sum or two.is_sum)
        return found

    def _new(self) -> int:
        self._count += 1
        return self._count

    def _made(self, node: ast.expr | None, names: Mapping[str, _Made]) -> _Made | None:
        """What an expression makes of the input; `None` where that is not certain."""
        if isinstance(node, ast.Name):
            return names.get(node.id)
        if isinstance(node, ast.BinOp):
            return self._joint(node.op, node.left, node.right, names)
        if not isinstance(node, ast.Call) or not self._keeps(node.func):
            return None
        given = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
        made = [item for item in (self._made(part, names) for part in given) if item is not None]
        return _Made(self._new(), any(item.is_sum for item in made)) if made else None

    def _keeps(self, func: ast.expr) -> bool:
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == self._receiver:
            return func.attr not in self._helpers
        return last_name(func) in _KEPT

    def _joint(self, op: ast.operator, left: ast.expr, right: ast.expr, names: Mapping[str, _Made]) -> _Made | None:
        sides = [item for item in (self._made(side, names) for side in (left, right)) if item is not None]
        if not sides:
            return None
        adds = isinstance(op, (ast.Add, ast.Sub)) and len({item.identity for item in sides}) > 1
        return _Made(self._new(), adds or any(item.is_sum for item in sides))


def _first(node: ast.expr | None) -> ast.expr | None:
    """The first of several results."""
    return node.elts[0] if isinstance(node, (ast.Tuple, ast.List)) and node.elts else node
