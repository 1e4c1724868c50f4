"""The class that a call of a submodule runs, also where the submodule is the item of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nn_lint.model.values import Value
from nn_lint.project.hierarchy import Resolved

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ITEM = "[]"


def class_called(cls: ModuleClass, value: Value) -> Resolved | None:
    """The class whose instance made a value: a submodule, or the item of a list of them."""
    if value.layer is not None:
        return value.layer.cls
    return _item_class(cls, value.name.removesuffix(_ITEM)) if value.name.endswith(_ITEM) else None


def _item_class(cls: ModuleClass, attribute: str) -> Resolved | None:
    """The class of all items of a list, where they are of one."""
    found = cls.layers.alternatives(attribute)
    if found is None or len(found) != 1:
        return None
    classes = {part.cls for part in found[0]}
    return classes.pop() if len(classes) == 1 else None
