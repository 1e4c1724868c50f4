"""Expressions that are a Module or a Parameter for certain, so that to set them on `self` registers them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Parameter, bound_names
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.extract import dotted as dotted_by_tree
from nn_lint.project.hierarchy import ExternalClass, Kinship, ProjectClass, Resolved, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_DEPTH = 6
_RETURNING_ITSELF = frozenset(
    "to cuda cpu half float double bfloat16 type train eval apply requires_grad_ to_empty share_memory".split()
)
"""Methods of a module that return the module."""
_RETURNING_THE_FIRST = frozenset({"spectral_norm", "weight_norm", "orthogonal"})


def made_class(
    cls: ModuleClass, node: cst.CSTNode | None, method: Method | None, depth: int = _DEPTH
) -> Resolved | None:
    """The class of what an expression in a method makes; `None` where it may be neither Module nor Parameter."""
    if depth == 0 or node is None:
        return None
    if isinstance(node, cst.IfExp):
        body, other = (made_class(cls, item, method, depth - 1) for item in (node.body, node.orelse))
        return body if body is not None and other is not None else None
    if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.Or):
        return made_class(cls, node.right, method, depth - 1) if _may_be_none(method, node.left) else None
    if isinstance(node, cst.Name):
        return _of_name(cls, node.value, method, depth) if method is not None else None
    if not isinstance(node, cst.Call):
        return None
    return _constructed(cls, node.func) or _of_call(cls, node, method, depth)


def _constructed(cls: ModuleClass, function: cst.BaseExpression) -> Resolved | None:
    """`nn.Linear(...)`, `Block(...)`."""
    name = dotted(function)
    return None if name is None else _registering(cls, name)


def _registering(cls: ModuleClass, name: str) -> Resolved | None:
    """What a dotted name stands for, where that is a class of modules or parameters."""
    found = cls.resolve(name)
    is_torch = isinstance(found, TorchClass) and found.name[:1].isupper()
    is_own = isinstance(found, ProjectClass) and cls.resolve_class(found) is Kinship.MODULE
    return found if is_torch or is_own else None


def _of_call(cls: ModuleClass, node: cst.Call, method: Method | None, depth: int) -> Resolved | None:
    """`nn.Linear(2, 2).to(device)`, `spectral_norm(nn.Linear(2, 2))`, `make_mlp(8)`, `self._make(8)`."""
    name = dotted(node.func)
    attribute = node.func.attr.value if isinstance(node.func, cst.Attribute) else ""
    if attribute in _RETURNING_ITSELF and name is None and isinstance(node.func, cst.Attribute):
        made = made_class(cls, node.func.value, method, depth - 1)
        return made if made is not None and _is_plain_module(cls, made, attribute) else None
    if name is None:
        return None
    own = None if method is None else self_attribute(node.func, method.receiver)
    if own is not None:
        return _of_method(cls, own, depth)
    first = node.args[0] if node.args else None
    if first is not None and not first.star and _hands_back(cls.resolve(name)):
        return made_class(cls, first.value, method, depth - 1)
    return _of_function(cls, name) if method is None or name not in method.locals else None


def _is_plain_module(cls: ModuleClass, made: Resolved, method: str) -> bool:
    """Whether a class is one of modules, with torch's own version of a method."""
    if isinstance(made, TorchClass):
        return made.is_module
    return isinstance(made, ProjectClass) and not cls.registry.model(made).defines(method)


def _hands_back(function: Resolved) -> bool:
    """Functions that return their first argument, or a copy of it."""
    if not isinstance(function, ExternalClass):
        return False
    owner, _, name = function.origin.rpartition(".")
    return function.origin == "copy.deepcopy" or (owner.startswith("torch.nn.utils") and name in _RETURNING_THE_FIRST)


def _of_name(cls: ModuleClass, name: str, method: Method, depth: int) -> Resolved | None:
    """A local that is bound once, or a parameter that nothing binds again."""
    bindings = list(bound_names(method.node.body)).count(name)
    parameter = next((item for item in method.parameters if item.name == name), None)
    if parameter is not None:
        is_kept = bindings == 0 and not parameter.star and not _is_called(method, name)
        return _promised(cls, parameter) if is_kept else None
    assigned = [
        node.value
        for node in walk(method.node.body, cst.Assign, into_scopes=False)
        if isinstance(node, cst.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0].target, cst.Name)
        and node.targets[0].target.value == name
    ]
    return made_class(cls, assigned[0], method, depth - 1) if bindings == 1 and len(assigned) == 1 else None


def _is_called(method: Method, name: str) -> bool:
    """Whether a name is called: what is annotated as a module may well be a class of modules."""
    calls = (node.func for node in walk(method.node.body, cst.Call) if isinstance(node, cst.Call))
    return any(isinstance(func, cst.Name) and func.value == name for func in calls)


def _promised(cls: ModuleClass, parameter: Parameter) -> Resolved | None:
    """What a parameter's default is, or its annotation says where there is no default."""
    if parameter.node.default is not None:
        return made_class(cls, parameter.node.default, None)
    annotation = parameter.node.annotation
    return None if annotation is None else _constructed(cls, annotation.annotation)


def _may_be_none(method: Method | None, node: cst.BaseExpression) -> bool:
    """A parameter whose default is `None`, and that nothing binds again."""
    if method is None or not isinstance(node, cst.Name) or node.value in set(bound_names(method.node.body)):
        return False
    return any(item.name == node.value and item.default == "None" for item in method.parameters)


def _of_method(cls: ModuleClass, name: str, depth: int) -> Resolved | None:
    """What a method of the class always returns."""
    method = cls.method(name)
    if method is None or any(item not in ("staticmethod", "classmethod") for item in method.decorators):
        return None
    body = method.node.body
    returns = [node for node in walk(body, cst.Return, into_scopes=False) if isinstance(node, cst.Return)]
    is_plain = method.node.asynchronous is None and not any(True for _ in walk(body, cst.Yield))
    if not returns or not is_plain or method.statements[-1] is not returns[-1]:
        return None
    made = [made_class(cls, node.value, method, depth - 1) for node in returns]
    return made[0] if all(item is not None for item in made) else None


def _of_function(cls: ModuleClass, name: str) -> Resolved | None:
    """What a function of the file always returns."""
    file = cls.definition.file
    tree = file.text.tree
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name] if tree else []
    is_alone = file.facts.bindings.get(name) == ("?",) and name not in cls.facts.bindings and len(found) == 1
    if not is_alone or found[0].decorator_list or not isinstance(found[0].body[-1], ast.Return):
        return None
    inside = list(_own_nodes(found[0]))
    values = [node.value for node in inside if isinstance(node, ast.Return)]
    if any(isinstance(node, (ast.Yield, ast.YieldFrom, ast.Import, ast.ImportFrom)) for node in inside):
        return None
    made = [_made_in_function(cls, value, inside, found[0]) for value in values]
    return made[0] if all(item is not None for item in made) else None


def _made_in_function(
    cls: ModuleClass, value: ast.expr | None, inside: list[ast.AST], function: ast.FunctionDef
) -> Resolved | None:
    """The class of a returned call, also by way of a local that is bound once."""
    bound = [node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    taken = {*bound, *(node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg))}
    if isinstance(value, ast.Name) and bound.count(value.id) == 1:
        name = value.id
        value = next((node.value for node in inside if isinstance(node, ast.Assign) and _binds(node, name)), None)
    called = dotted_by_tree(value.func) if isinstance(value, ast.Call) else "?"
    return None if "?" in called or called.split(".")[0] in taken else _registering(cls, called)


def _binds(node: ast.Assign, name: str) -> bool:
    return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, those of functions and classes in it left out."""
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
