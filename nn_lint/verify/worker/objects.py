"""Objects of the project's own classes as arguments: what a hint names, or a class that has the attributes that are
read from a parameter."""

from __future__ import annotations

import ast
import enum
import sys
import typing
from dataclasses import replace
from typing import Any, Callable, Iterator, Optional, Set

from torch import nn

from .attempt import Failure, attempt
from .expressions import evaluate
from .faults import names_set
from .loading import DemandModule
from .subjects import Target, definition_of
from .usage import attributes_of, methods_of, stored_as

IMPORTS = 24
Assemble = Callable[[Target], Optional[str]]


def hinted_object(target: Target, annotation: Optional[ast.expr], assemble: Assemble) -> Optional[str]:
    """A member of the enumeration, one of the literals or an instance of the project's class that a hint names."""
    if annotation is None:
        return None
    text = ast.unparse(annotation)
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        text = annotation.value
    if not any(letter.isupper() for letter in text):
        return None
    outcome = attempt(lambda: evaluate(text, target))
    if isinstance(outcome, Failure):
        return None
    hint = outcome.value
    if typing.get_origin(hint) is typing.Literal:
        return repr(typing.get_args(hint)[0])
    if not isinstance(hint, type):
        return None
    if issubclass(hint, enum.Enum):
        return next((f"{text}.{member.name}" for member in hint), None)
    other = seen_as(target, hint)
    arguments = None if other is None else assemble(other)
    return None if arguments is None else f"{text}({arguments})"


def stand_in(target: Target, name: str, assemble: Assemble) -> Optional[str]:
    """An instance of a class that the file knows and that has every attribute that the target reads from a
    parameter."""
    wanted = attributes_read(target, name)
    if not wanted:
        return None
    for known, other in classes_known(target):
        if wanted <= names_set(other.node):
            arguments = assemble(other)
            if arguments is not None:
                return f"{known}({arguments})"
    return None


def attributes_read(target: Target, name: str) -> Set[str]:
    """What the class reads from a parameter, in its constructor or later, beyond what every module has."""
    methods = methods_of(target.node)
    init = methods.get("__init__")
    if init is None:
        return set()
    found = set(attributes_of(init, name))
    stored = stored_as(init, name)
    for method in methods.values() if stored is not None else ():
        for node in ast.walk(method):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
                holder = node.value
                if holder.attr == stored and isinstance(holder.value, ast.Name) and holder.value.id == "self":
                    found.add(node.attr)
    return found.difference(dir(nn.Module))


def classes_known(target: Target) -> Iterator[tuple[str, Target]]:
    """The module classes that the file defines, then those of the project that it imports."""
    imported = []
    for name, statements in target.module._table.binding.items():
        node = statements[-1].node
        if isinstance(node, ast.ClassDef) and node is not target.node:
            yield from known_as(target, name)
        elif isinstance(node, ast.ImportFrom) and name[:1].isupper():
            imported.append(name)
    for name in imported[:IMPORTS]:
        yield from known_as(target, name)


def known_as(target: Target, name: str) -> Iterator[tuple[str, Target]]:
    """The module class that a name of the file stands for, if it does."""
    outcome = attempt(lambda: getattr(target.module, name))
    if isinstance(outcome, Failure) or not isinstance(outcome.value, type) or not issubclass(outcome.value, nn.Module):
        return
    other = seen_as(target, outcome.value)
    if other is not None and other.cls is not target.cls:
        yield name, other


def seen_as(target: Target, cls: Any) -> Optional[Target]:
    """A class of the project as another target; None for classes of installed packages."""
    module = sys.modules.get(cls.__module__)
    if not isinstance(module, DemandModule):
        return None
    node = definition_of(module._table.tree, cls.__qualname__)
    if node is None:
        return None
    return replace(target, name=cls.__qualname__, path=str(module.__file__), module=module, node=node, cls=cls)
