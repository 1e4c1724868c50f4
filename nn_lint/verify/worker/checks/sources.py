"""The text behind the classes of a model."""

from __future__ import annotations

import ast
import sys
from typing import List, Optional, Tuple

from ..loading import DemandModule
from ..subjects import definition_of


def definitions(cls: type) -> Optional[List[Tuple[str, ast.ClassDef]]]:
    """File and definition of a class and of its bases, torch's own left out; None where one cannot be had."""
    found: List[Tuple[str, ast.ClassDef]] = []
    for each in cls.__mro__:
        top = each.__module__.partition(".")[0]
        if top in ("torch", "builtins", "abc", "typing"):
            continue
        module = sys.modules.get(each.__module__)
        node = definition_of(module._table.tree, each.__qualname__) if isinstance(module, DemandModule) else None
        if node is None:
            return None
        found.append((str(module.__file__), node))  # type: ignore[union-attr]
    return found


def is_torch(cls: type) -> bool:
    """Whether a class belongs to torch."""
    return cls.__module__.partition(".")[0] == "torch"


def stored_at(definition: ast.ClassDef, attribute: str) -> Optional[ast.expr]:
    """The first `self.<attribute>` that a class assigns to."""
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and node.attr == attribute and not isinstance(node.ctx, ast.Load):
            return node
    return None


def text_of(definition: ast.ClassDef) -> str:
    """The text of a class, as far as it can be rebuilt: comments are gone."""
    return ast.unparse(definition)
