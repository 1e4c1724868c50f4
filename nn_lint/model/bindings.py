"""The assignments to local names in the text of `forward` itself, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import walk
from nn_lint.model.values import Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


def bindings(cls: ModuleClass) -> tuple[tuple[str, cst.CSTNode, Value], ...]:
    """Name, statement and value; those of methods that forward calls are left out."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None:
        return ()
    own = set(walk(forward.node))
    return tuple(item for item in flow.bound if item[1] in own)
