"""Views that ask for the dimensions of a tensor in another order than it has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.shapes import View, is_left_out, views

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


def reordering_views(cls: ModuleClass) -> Iterator[View]:
    """The views in the methods of a class that would need a transposing first."""
    for method in cls.methods:
        if method.name != "__init__" and not method.is_static:
            yield from (view for view in views(cls, method) if _reorders(view))


def _reorders(view: View) -> bool:
    """Whether the sizes that are asked for cannot be those of the tensor in their order.

    Each size must begin where the last one ended. A size that is a whole dimension of the tensor further on, or one
    that was passed before, shows that the dimensions were meant to be moved. A name that is asked for twice stands for
    two dimensions of one size, and which is which cannot be told. One that was unpacked into `_` may be 1: it may be
    left out where all others are asked for.
    """
    shape = [dim for dim in view.shape if dim != 1]
    if len(set(shape)) != len(shape) or sum(dim is None for dim in shape) > 1:
        return False
    named = [item for asked in view.dims for item in (asked if isinstance(asked, tuple) else (asked,))]
    if any(isinstance(item, str) and named.count(item) > 1 for item in named):
        return False
    if all(item in shape for item in named):
        shape = [dim for dim in shape if dim in named or not is_left_out(dim)]
    place = 0
    is_loose = False
    for node, asked in zip(view.asked, view.dims):
        if asked == 1:
            continue
        group = asked if isinstance(asked, tuple) else (asked,)
        inside = [item for item in group if isinstance(item, str) and item in shape]
        if not inside or len(inside) != len(group):
            if not _is_plain(node) or is_loose:
                return False
            is_loose = True
            continue
        places = sorted(shape.index(item) for item in inside)
        if len(set(places)) != len(places):
            return False
        is_run = places == list(range(places[0], places[0] + len(places)))
        if places[0] < place or (not is_loose and places[0] != place) or not is_run:
            return True
        if is_loose and places[0] == place:
            return place > 0
        place, is_loose = places[-1] + 1, False
    return False


def _is_plain(node: cst.BaseExpression) -> bool:
    """A number of heads or the like, and nothing that computes with dimensions of the tensor."""
    return isinstance(node, (cst.Name, cst.Attribute))
