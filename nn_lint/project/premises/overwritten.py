"""Whether `__init__` may store a layer under a name that another one takes right after."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from nn_lint.project.premises.trees import ClassTree


def may_overwrite(cls: ClassTree) -> bool:
    """One block gives an attribute the result of a call twice, or a loop does so once."""
    init = next((method for method in cls.methods if method.name == "__init__"), None)
    return init is not None and any(map(_overwrites, init.nodes))


def _overwrites(node: ast.AST) -> bool:
    blocks = (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
    stored = (list(_stored(block)) for block in blocks if isinstance(block, list))
    least = 0 if isinstance(node, ast.For) else 1
    return any(count > least for names in stored for count in Counter(names).values())


def _stored(block: list[ast.stmt]) -> Iterator[str]:
    for item in block:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Call):
            yield from (target.attr for target in item.targets if isinstance(target, ast.Attribute))
