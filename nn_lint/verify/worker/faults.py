"""Whose fault a failure is: ours until proven otherwise, for a guessed argument or input can break any class."""

from __future__ import annotations

import ast
import re
from typing import Set

from .attempt import Failure, MissingPackage
from .limits import Forbidden
from .subjects import Target
from .usage import methods_of

TABLES = {
    "_modules",
    "_parameters",
    "_buffers",
    "training",
    "_forward_hooks",
    "_backward_hooks",
    "_non_persistent_buffers_set",
}


def is_limit(failure: Failure) -> bool:
    """Whether a limit of ours ended the run."""
    return isinstance(failure.error, (Forbidden, MemoryError)) or "can't allocate memory" in failure.message


def is_missing_package(failure: Failure) -> bool:
    """Whether a package was missing."""
    return isinstance(failure.error, (MissingPackage, ImportError)) or bool(
        re.search(r"pip install|is not installed", failure.message)
    )


def lacks_import(failure: Failure, target: Target) -> bool:
    """Whether a name is not there since the import that binds it has failed or was left out."""
    name = re.search(r"name '(\w+)' is not defined", failure.message) if isinstance(failure.error, NameError) else None
    if name is None:
        return False
    bound = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(target.tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    return name.group(1) in bound


def is_sure(failure: Failure, target: Target) -> bool:
    """Whether no argument and no input could have avoided the failure."""
    message = failure.message
    if isinstance(failure.error, NameError) and not isinstance(failure.error, UnboundLocalError):
        name = re.search(r"name '(\w+)' is not defined", message)
        inside = bool(failure.frames) and failure.frames[-1][0] == target.path
        return inside and name is not None and not target.module._table.could_bind(name.group(1))
    if isinstance(failure.error, AttributeError):
        return bool(re.match(r"cannot assign .* before Module\.__init__\(\) call", message)) or lacks_attribute(
            message, target
        )
    if isinstance(failure.error, NotImplementedError):
        return 'missing the required "forward" function' in message
    if isinstance(failure.error, TypeError):
        return lacks_self(message, target) or "super(type, obj): obj must be an instance" in message
    return False


def lacks_attribute(message: str, target: Target) -> bool:
    """Whether the class reads an attribute of itself that nothing in its file ever sets."""
    found = re.match(r"'(\w+)' object has no attribute '(\w+)'", message)
    if found is None or found.group(1) != target.cls.__name__:
        return False
    if found.group(2) in TABLES:
        return True
    return found.group(2) not in names_set(target.tree) and not is_extended(target)


def names_set(tree: ast.AST) -> Set[str]:
    """Every name that could become an attribute: stored, defined, or spelled as a string."""
    names: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            names.add(node.attr)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names


def is_extended(target: Target) -> bool:
    """Whether another class of the file builds on this one and may set what it lacks, or it makes names up."""
    last = target.name.rpartition(".")[2]
    for node in ast.walk(target.tree):
        if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == last for b in node.bases):
            return True
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr"
        for node in ast.walk(target.node)
    )


def lacks_self(message: str, target: Target) -> bool:
    """Whether a method was written without `self`."""
    found = re.search(r"(\w+)\(\) takes (\d+) positional arguments? but (\d+)", message)
    method = methods_of(target.node).get(found.group(1)) if found else None
    if method is None or method.args.vararg is not None or method.decorator_list:
        return False
    names = [parameter.arg for parameter in [*method.args.posonlyargs, *method.args.args]]
    return not names or (
        names[0] not in {"self", "this", "s", "_self", "cls"} and len(names) <= int(found.group(2)) if found else False
    )
