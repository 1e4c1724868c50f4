"""Calls of torch's own functions, by the functions' origins, and the arguments that they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import dotted
from nn_lint.project.hierarchy import ExternalClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


def torch_function(cls: ModuleClass, call: cst.Call) -> str | None:
    """`nn.functional.dropout` for a call of torch's function of that origin, `None` for anything else."""
    callee = dotted(call.func)
    if callee is None:
        return None
    found = cls.resolve(callee)
    if isinstance(found, ExternalClass) and found.origin.startswith("torch."):
        return found.origin.removeprefix("torch.")
    return None


def given(call: cst.Call, name: str, position: int) -> cst.Arg | None:
    """The argument for a parameter, by keyword or by position."""
    named = (item for item in call.args if item.keyword is not None and item.keyword.value == name)
    plain = [item for item in call.args if item.keyword is None and not item.star]
    return next(named, None) or (plain[position] if position < len(plain) else None)


def has_stars(call: cst.Call) -> bool:
    """Whether arguments come out of a list or dict, so that what is given cannot be read."""
    return any(item.star for item in call.args)
