"""Expressions that make a new tensor by a function of torch, and what is said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method, bound_names
from nn_lint.model.syntax import dotted
from nn_lint.project.hierarchy import ExternalClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

UNFILLED = frozenset({"empty", "Tensor", "FloatTensor", "DoubleTensor", "HalfTensor"})
MAKERS = UNFILLED | frozenset(
    (
        "tensor zeros ones rand randn full eye linspace arange logspace from_numpy as_tensor hann_window "
        "hamming_window normal"
    ).split()
)
_KEEPING = frozenset(
    "float double half long view reshape unsqueeze squeeze transpose permute t repeat expand contiguous".split()
)


def new_tensor(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> cst.Call | None:
    """The call that makes a tensor, with reshaping and casts behind it taken away; `None` for anything else."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and isinstance(node.func.value, cst.Call):
        if node.func.attr.value not in _KEEPING:
            return None
        node = node.func.value
    callee = dotted(node.func) if isinstance(node, cst.Call) else None
    if callee is None or callee.rpartition(".")[2] not in MAKERS or callee.split(".")[0] in method.locals:
        return None
    found = cls.resolve(callee)
    is_torch = isinstance(found, ExternalClass) and found.origin.startswith("torch.")
    return node if is_torch and isinstance(node, cst.Call) else None


def kept_tensor(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> cst.Call | None:
    """The same for a local name that starts as a new tensor, and is only reshaped and written into."""
    inner = _innermost(node)
    if not isinstance(inner, cst.Name):
        return new_tensor(cls, method, node)
    values = [value for item in method.own_nodes if (value := _assigned(item, inner.value)) is not None]
    if len(values) != list(bound_names(method.node.body)).count(inner.value) or not values:
        return None
    reshaped = all(
        isinstance(found := _innermost(item), cst.Name) and found.value == inner.value for item in values[1:]
    )
    return new_tensor(cls, method, values[0]) if reshaped else None


def _innermost(node: cst.BaseExpression) -> cst.BaseExpression:
    """What reshaping and casts are applied to."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _KEEPING:
        node = node.func.value
    return node


def _assigned(node: cst.CSTNode, name: str) -> cst.BaseExpression | None:
    targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
    found = any(isinstance(item, cst.Name) and item.value == name for item in targets)
    return node.value if found and isinstance(node, cst.Assign) else None


def has_dimensions(call: cst.Call) -> bool:
    """Whether a new tensor has at least one dimension for certain: a tensor of one number goes with every device."""
    name = (dotted(call.func) or "").rpartition(".")[2]
    first = call.args[0] if call.args else None
    if first is None or first.star:
        return False
    if name in ("tensor", "as_tensor", "Tensor", "FloatTensor", "DoubleTensor", "HalfTensor"):
        return isinstance(first.value, (cst.List, cst.ListComp)) or (name.endswith("Tensor") and not first.keyword)
    return not (isinstance(first.value, (cst.Tuple, cst.List)) and not first.value.elements)


def keywords(call: cst.Call) -> frozenset[str]:
    """The keywords of a call."""
    return frozenset(item.keyword.value for item in call.args if item.keyword is not None)
