"""Classes whose `__init__` is not the one that their body shows: a decorator or a later assignment may replace it."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING

from nn_lint.project.hierarchy import ExternalClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_NOTES = re.compile(r"regist|docstring|deprecat|export|(?:^|\.)final$", re.IGNORECASE)
"""Decorators that by their names only note a class somewhere, or say something about it."""


def may_be_rebuilt(cls: ModuleClass, known: frozenset[str] = frozenset()) -> bool:
    """Whether another `__init__` may take the place of the class's own; `known` origins do not."""
    content = cls.definition.file.text.content
    assigned = rf"\b{cls.name}\.__init__[ \t]*=(?!=)|setattr\(\s*{cls.name}\s*,\s*[\"']__init__[\"']"
    if "__init__" in cls.facts.assigned or ("__init__" in content and re.search(assigned, content)):
        return True
    return any(_may_rebuild(cls, name, known) for name in cls.facts.decorators)


def _may_rebuild(cls: ModuleClass, name: str, known: frozenset[str]) -> bool:
    tree = cls.definition.file.text.tree
    here = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name] if tree else []
    if here:
        return any("__init__" in ast.unparse(node) for node in here)
    found = cls.resolve(name)
    origin = found.origin if isinstance(found, ExternalClass) else name
    is_known = origin in known or origin.split(".")[0] in {*sys.stdlib_module_names, "torch"}
    return not (is_known or isinstance(found, TorchClass) or _NOTES.search(name))
