"""Expressions that make a new tensor by a function of torch, and what is said about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method, bound_names
from nn_lint.model.syntax import dotted, self_attribute, walk
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
_COMPUTING = frozenset("exp log sqrt rsqrt sin cos pow abs neg flip triu tril mul div add sub masked_fill".split())
_KEEPING = frozenset(
    (
        "float double half long bool int byte clone view reshape unsqueeze squeeze transpose permute t repeat expand "
        "contiguous"
    ).split()
)
_LIST = re.compile(r"(?:typing\.)?(?:[Ll]ist|[Tt]uple|Sequence)\b")


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
    """The same for what is computed from a new tensor, also by way of local names that are nothing else."""
    for inner in _sources(node):
        if isinstance(inner, cst.Name):
            found = _kept_name(cls, method, inner.value)
        else:
            found = new_tensor(cls, method, inner) or _of_method(cls, method, inner)
        if found is not None:
            return found
    return None


def _of_method(cls: ModuleClass, method: Method, node: cst.BaseExpression) -> cst.Call | None:
    """The same for what a method of the class gives back to `__init__`, if it has one `return` and names no place."""
    name = self_attribute(node.func, method.receiver) if isinstance(node, cst.Call) else None
    helper = cls.method(name) if name is not None and method.name == "__init__" else None
    if helper is None or helper.name == method.name or re.search(r"device|cuda", cls.syntax.text(helper.node)):
        return None
    returns = [item for item in walk(helper.node.body, cst.Return) if isinstance(item, cst.Return)]
    value = returns[0].value if len(returns) == 1 else None
    return kept_tensor(cls, helper, value) if value is not None else None


def _kept_name(cls: ModuleClass, method: Method, name: str) -> cst.Call | None:
    """What a local name starts as that is only computed anew of itself and written into."""
    values = [value for item in method.own_nodes if (value := _assigned(item, name)) is not None]
    is_given = any(item.name == name for item in method.parameters)
    if is_given or not values or len(values) != list(bound_names(method.node.body)).count(name):
        return None
    if any(_reads(value, name) == (value is values[0]) for value in values):
        return None
    return kept_tensor(cls, method, values[0])


def _reads(node: cst.BaseExpression, name: str) -> bool:
    return any(isinstance(item, cst.Name) and item.value == name for item in _sources(node))


def _sources(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The names and calls that reshaping, casts and arithmetic are applied to: the result is where they are."""
    if isinstance(node, cst.BinaryOperation):
        yield from _sources(node.left)
        yield from _sources(node.right)
    elif isinstance(node, cst.UnaryOperation):
        yield from _sources(node.expression)
    elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        name, is_function = node.func.attr.value, dotted(node.func.value) == "torch"
        if name in _COMPUTING and is_function and node.args:
            yield from _sources(node.args[0].value)
        elif name in _KEEPING | _COMPUTING and not is_function:
            yield from _sources(node.func.value)
        else:
            yield node
    elif isinstance(node, (cst.Name, cst.Call)):
        yield node


def _assigned(node: cst.CSTNode, name: str) -> cst.BaseExpression | None:
    targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
    found = any(isinstance(item, cst.Name) and item.value == name for item in targets)
    return node.value if found and isinstance(node, cst.Assign) else None


def is_shaped(node: cst.BaseExpression) -> bool:
    """Whether an expression ends in giving a tensor dimensions: `.view(1, 3, 1, 1)`."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or not node.args:
        return False
    is_given = node.func.attr.value in ("view", "reshape", "unsqueeze", "expand", "repeat")
    return is_given and isinstance(node.func.value, cst.Call)


def has_dimensions(method: Method, call: cst.Call) -> bool:
    """Whether a new tensor has at least one dimension for certain: a tensor of one number goes with every device."""
    name = (dotted(call.func) or "").rpartition(".")[2]
    first = call.args[0] if call.args else None
    if first is None or first.star:
        return False
    if name in ("tensor", "as_tensor", "Tensor", "FloatTensor", "DoubleTensor", "HalfTensor"):
        if isinstance(first.value, cst.Name) and _is_listed(method, first.value.value):
            return True
        return isinstance(first.value, (cst.List, cst.ListComp, cst.Tuple)) or (
            name.endswith("Tensor") and not first.keyword
        )
    return not (isinstance(first.value, (cst.Tuple, cst.List)) and not first.value.elements)


def _is_listed(method: Method, name: str) -> bool:
    """Whether a parameter holds several numbers, by its default or annotation."""
    parameter = next((item for item in method.parameters if item.name == name), None)
    if parameter is None:
        return False
    is_default = isinstance(parameter.node.default, (cst.List, cst.Tuple))
    return is_default or _LIST.match(parameter.annotation or "") is not None


def keywords(call: cst.Call) -> frozenset[str]:
    """The keywords of a call, with `**` for those that cannot be read."""
    names = (item.keyword.value if item.keyword is not None else item.star for item in call.args)
    return frozenset(name for name in names if name)
