"""Whether a constant meets, in `forward`, a tensor that is where the model is: on a GPU the two have to be together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import is_parameter
from nn_lint.model.method import Method
from nn_lint.model.new_tensors import new_tensor
from nn_lint.model.occurrences import Chain
from nn_lint.model.stores import stores
from nn_lint.model.syntax import children, dotted, self_attribute
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ExternalClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_RESHAPING = frozenset({"view", "reshape", "unsqueeze", "expand", "expand_as", "repeat", "t", "transpose", "permute"})
_SIZES = frozenset({"size", "dim", "numel", "item", "tolist", "stride", "get_device"})
_MOVING = frozenset({"item", "tolist", "cpu", "cuda", "numpy", "to", "type_as"})
_COMPUTED = frozenset(
    {Kind.LAYER, Kind.OPERATION, Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.CONCATENATE, Kind.ITEM, Kind.CHOICE}
)


def meets_input(cls: ModuleClass, forward: Method, chain: Chain) -> bool:
    """Whether the last node of a chain is joined with a tensor of the input or a parameter, by torch or arithmetic."""
    node, parent = chain[-1], chain[-2]
    if isinstance(parent, cst.Subscript) and parent.value is node:
        is_part = any(isinstance(item.slice, cst.Slice) for item in parent.slice)
        return is_part and meets_input(cls, forward, chain[:-1])
    if isinstance(parent, cst.BinaryOperation):
        other = parent.left if node is parent.right else parent.right
        return _is_of_model(cls, forward, other) or meets_input(cls, forward, chain[:-1])
    if isinstance(parent, cst.UnaryOperation):
        return meets_input(cls, forward, chain[:-1])
    if isinstance(parent, cst.Attribute) and parent.attr.value in _RESHAPING and isinstance(chain[-3], cst.Call):
        return chain[-3].func is parent and meets_input(cls, forward, chain[:-2])
    if isinstance(parent, cst.Arg) and isinstance(chain[-3], cst.Call):
        call = chain[-3]
        found = cls.resolve(dotted(call.func) or "?")
        is_torch = isinstance(found, ExternalClass) and found.origin.startswith("torch.")
        return is_torch and any(_is_of_model(cls, forward, item.value) for item in call.args if item is not parent)
    return False


def _is_of_model(cls: ModuleClass, forward: Method, node: cst.BaseExpression) -> bool:
    """Whether an expression is for certain a tensor that goes where the model goes, and no size or number."""
    if len(forward.positional) < 2:
        return False
    first = forward.positional[1].name
    if isinstance(node, cst.Call) and new_tensor(cls, forward, node) is not None:
        return False
    arguments = node.args if isinstance(node, cst.Call) and not isinstance(node.func, cst.Name) else ()
    if any(_is_made_of(item.value, first) for item in arguments):
        return True
    if isinstance(node, cst.BinaryOperation) and any(_is_of_model(cls, forward, x) for x in (node.left, node.right)):
        return True
    inner = node
    while isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute) and inner.func.attr.value in _RESHAPING:
        inner = inner.func.value
    attribute = self_attribute(inner, forward.receiver)
    if attribute is not None:
        return _is_parameter(cls, attribute)
    if isinstance(node, cst.Name) and node.value == first:
        return re.search(rf"\b{first}\s*=[^\n]*\.(?:cpu|numpy)\(", cls.text) is None
    value = cls.flow.made.get(node) if cls.flow is not None else None
    return value is not None and _is_tensor(cls, value)


def _is_parameter(cls: ModuleClass, attribute: str) -> bool:
    """Whether an attribute is a parameter that the constructor makes, and nothing else."""
    found = [item for item in stores(cls.init) if item.attribute == attribute] if cls.init is not None else []
    is_only = len(found) == 1 and cls.layers.assignments.get(attribute) == 1
    return is_only and cls.init is not None and is_parameter(cls, cls.init, found[0].value)


def _is_made_of(node: cst.CSTNode, name: str) -> bool:
    """Whether an argument is the tensor or made of it, and not what is asked of it (`x.shape[1]`, `x.size(1)`)."""
    if isinstance(node, cst.Name):
        return node.value == name
    if isinstance(node, (cst.Attribute, cst.Arg)):
        return isinstance(node, cst.Arg) and _is_made_of(node.value, name)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        is_asked = node.func.attr.value in _SIZES
        return not is_asked and any(_is_made_of(item, name) for item in (node.func.value, *node.args))
    return any(_is_made_of(child, name) for child in children(node))


def _is_tensor(cls: ModuleClass, value: Value) -> bool:
    """Whether a value is computed from the first input by nothing but layers, torch and arithmetic."""
    first = next(iter(cls.flow.inputs), None) if cls.flow is not None else None
    found = [item for item in value.ancestors() if item.depends]
    if first not in found or any(item.name in _MOVING or _is_number(item) for item in found):
        return False
    return all(item.kind in _COMPUTED or item is first for item in found)


def _is_number(value: Value) -> bool:
    """`float(x)`, and whatever other function without a module."""
    return value.kind is Kind.OPERATION and isinstance(value.node, cst.Call) and isinstance(value.node.func, cst.Name)
