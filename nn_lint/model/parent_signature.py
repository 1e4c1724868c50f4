"""What the parent's `__init__` takes, where it is in sight, and the calls of it that do not fit."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.model.rebuilding import may_be_rebuilt
from nn_lint.project.extract import dotted
from nn_lint.project.hierarchy import ExternalClass, ProjectClass, Resolved
from nn_lint.project.premises.nodes import nodes
from nn_lint.project.premises.signatures import misfit
from nn_lint.project.premises.trees import MethodTree

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A statement of `__init__` that calls a parent's with the wrong arguments; `owner` defines the one that runs.

    `lacks_receiver`: with `self` in front the arguments would fit.
    """

    row: int
    owner: str
    reason: str
    lacks_receiver: bool


def misfits(cls: ModuleClass) -> Iterator[Misfit]:
    """Calls that always raise TypeError: asked of CPython's trees, so that a class need not be parsed to say no.

    The parent stands in the same file: repositories hold templates whose calls a generator fills in from other files.
    """
    init = _method(cls, "__init__")
    if init is None or not cls.is_certain or not any(True for _ in cls.ancestry.project_classes):
        return
    for statement in init.node.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "__init__":
            found = _misfit(cls, init, call, call.func.value)
            if found is not None and not _may_run_another(cls):
                yield found
        if any(isinstance(node, (ast.Return, ast.Raise)) for node in ast.walk(statement)):
            return


def _misfit(cls: ModuleClass, init: MethodTree, call: ast.Call, parent: ast.expr) -> Misfit | None:
    order, is_super = cls.ancestry.order, _is_own_super(cls, init, parent)
    if not is_super:
        target = cls.resolve(dotted(parent)) if isinstance(parent, (ast.Name, ast.Attribute)) else None
        if target not in order:
            return None
        order = order[order.index(target) :]
    found = _next_init(cls, order)
    if found is None:
        return None
    owner, method = found
    if owner.definition.file is not cls.definition.file:
        return None
    reason = misfit(method.node.args, call, int(is_super))
    if reason is None:
        return None
    mentions_receiver = any(isinstance(node, ast.Name) and node.id == init.receiver for node in ast.walk(call))
    lacks_receiver = not is_super and not mentions_receiver and misfit(method.node.args, call, 1) is None
    return Misfit(call.lineno, owner.name, reason, lacks_receiver)


def _is_own_super(cls: ModuleClass, init: MethodTree, node: ast.expr) -> bool:
    """`super()`, `super(Net, self)`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"):
        return False
    return [dotted(item) for item in node.args] in ([], [cls.name, init.receiver])


def _next_init(cls: ModuleClass, order: Sequence[Resolved]) -> tuple[ModuleClass, MethodTree] | None:
    """The first class of an order that has an `__init__`, where that is certain and nothing replaces or wraps it."""
    for item in order:
        if isinstance(item, ExternalClass) and item.harmless:
            continue
        if not isinstance(item, ProjectClass):
            return None
        model = cls.registry.model(item)
        method = _method(model, "__init__")
        if _has_hidden_init(model) or may_be_rebuilt(model) or (method is None and item.facts.decorators):
            return None
        if method is not None:
            return None if method.node.decorator_list or not method.receiver else (model, method)
    return None


def _has_hidden_init(cls: ModuleClass) -> bool:
    """Whether an `__init__` is defined under a condition, in a second class or by a name that is still to be mended."""
    if cls.tree is None or cls.construction.misspells_init or not cls.is_defined_once:
        return True
    others = (item for item in cls.tree.node.body if not isinstance(item, _Function))
    return any(isinstance(node, _Function) and node.name == "__init__" for item in others for node in nodes(item))


def _may_run_another(cls: ModuleClass) -> bool:
    """Whether `super()` may be something else for the objects that are made, or another `__init__` takes its place."""
    return cls.name.endswith("Mixin") or may_be_rebuilt(cls) or cls.construction.is_combined


def _method(cls: ModuleClass, name: str) -> MethodTree | None:
    methods = cls.tree.methods if cls.tree is not None else ()
    return next((method for method in reversed(methods) if method.name == name), None)


def begins_with_super(cls: ModuleClass) -> bool:
    """Whether `__init__` calls `super().__init__` in a plain statement: then it only takes objects of the class."""
    init = _method(cls, "__init__")
    for statement in init.node.body if init is not None and not init.node.decorator_list else ():
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            return _is_own_super(cls, init, call.func.value) if init is not None else False
        if not isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign)):
            return False
    return False
