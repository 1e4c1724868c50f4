"""The statements of a body that may run, as far as that shows at a glance."""

from __future__ import annotations

import libcst as cst

from nn_lint.model.method import Method, names
from nn_lint.model.syntax import dotted


def live_statements(init: Method) -> list[cst.CSTNode]:
    """The statements of a body up to its first `return`, without functions and `super()` objects that nothing uses."""
    live: list[cst.CSTNode] = []
    for statement in init.statements:
        live.append(statement)
        if isinstance(statement, (cst.Return, cst.Raise)):
            break
    for definition in tuple(live):
        name = _defined_name(definition)
        others = (item for item in live if item is not definition)
        if name is not None and all(name != found.value for item in others for found in names(item)):
            live.remove(definition)
    return live


def _defined_name(node: cst.CSTNode) -> str | None:
    """The name that a statement gives to a function, to a lambda or to `super()`."""
    if isinstance(node, cst.FunctionDef):
        return None if node.decorators else node.name.value
    if isinstance(node, cst.Assign) and len(node.targets) == 1 and _does_nothing_yet(node.value):
        return node.targets[0].target.value if isinstance(node.targets[0].target, cst.Name) else None
    return None


def _does_nothing_yet(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Lambda) or (isinstance(node, cst.Call) and dotted(node.func) == "super")
