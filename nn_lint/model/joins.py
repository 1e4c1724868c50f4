"""Whether a constant meets, in `forward`, a tensor that is where the model is: on a GPU the two have to be together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import WEIGHTED, is_parameter
from nn_lint.model.method import Method, binds, bound_names
from nn_lint.model.new_tensors import new_tensor
from nn_lint.model.occurrences import Chain, name_occurrences
from nn_lint.model.stores import stores
from nn_lint.model.syntax import children, dotted, self_attribute
from nn_lint.model.torch_calls import given
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ExternalClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_RESHAPING = frozenset(
    (
        "view reshape unsqueeze squeeze expand expand_as repeat t transpose permute flatten contiguous clone bool "
        "float half double long int logical_not eq ne gt lt ge le"
    ).split()
)
_SHAPING = frozenset({"view", "reshape", "unsqueeze", "expand", "repeat"})
_ON_CPU = re.compile(r"torch\.(?:nn\.utils\.|tensor_split$)")
"""Functions that want some arguments on the CPU, such as the lengths of sequences."""
_JOINING = frozenset(
    (
        "masked_fill masked_fill_ masked_select mul mul_ add add_ sub sub_ div div_ matmul bmm mm mv dot maximum "
        "minimum where lerp logical_and logical_or eq ne gt lt ge le gather index_select"
    ).split()
)
"""Methods of a tensor that want their arguments where the tensor is."""
_SIZES = frozenset({"size", "dim", "numel", "item", "tolist", "stride", "get_device"})
_MOVING = frozenset({"item", "tolist", "cpu", "cuda", "numpy", "to", "type_as"})
_COMPUTED = frozenset(
    {Kind.LAYER, Kind.OPERATION, Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.CONCATENATE, Kind.ITEM, Kind.CHOICE}
)


def meets_input(cls: ModuleClass, forward: Method, chain: Chain) -> bool:
    """Whether the last node of a chain is joined with a tensor of the input or a parameter, by torch or arithmetic."""
    return any(_is_joined(cls, forward, step) for step in _steps(chain))


def uses(method: Method, chain: Chain) -> Iterator[Chain]:
    """The use of a constant, and those of the local name that it, or what is computed from it alone, is given."""
    yield chain
    body, given_names = method.node.body, {item.name for item in method.parameters}
    *_, outermost = _steps(chain)
    node, parent = outermost[-1], outermost[-2]
    if not isinstance(parent, cst.Assign) or parent.value is not node or len(parent.targets) != 1:
        return
    target = parent.targets[0].target
    if not isinstance(target, cst.Name) or target.value in given_names:
        return
    if list(bound_names(body)).count(target.value) == 1:
        found = name_occurrences(body, target.value)
        yield from (item for item in found if not isinstance(item[-2], cst.AssignTarget))


def has_dimensions_there(cls: ModuleClass, chain: Chain) -> bool:
    """Whether a use says that the constant has dimensions: it is shaped or sliced, or holds a weight for each class."""
    for step in _steps(chain):
        node, parent, around = step[-1], step[-2], step[-3]
        if isinstance(parent, cst.Subscript) and parent.value is node:
            return True
        is_shaping = isinstance(parent, cst.Attribute) and parent.attr.value in _SHAPING
        if is_shaping and isinstance(around, cst.Call) and around.args:
            return True
        if isinstance(parent, cst.Arg) and parent.keyword is not None and isinstance(around, cst.Call):
            is_loss = re.search(r"\.(?:cross_entropy|nll_loss)$", _origin(cls, around)) is not None
            return is_loss and parent.keyword.value == "weight"
    return False


def _steps(chain: Chain) -> Iterator[Chain]:
    """The chain, and those to the expressions around its last node that are computed from nothing else."""
    current: Chain | None = chain
    while current is not None:
        yield current
        current = _around(current)


def _around(chain: Chain) -> Chain | None:
    node, parent, around = chain[-1], chain[-2], chain[-3]
    if isinstance(parent, cst.Subscript) and parent.value is node:
        return chain[:-1] if any(isinstance(item.slice, cst.Slice) for item in parent.slice) else None
    if isinstance(parent, cst.UnaryOperation):
        return None if isinstance(parent.operator, cst.Not) else chain[:-1]
    if isinstance(parent, cst.BinaryOperation):
        return chain[:-1]
    if isinstance(parent, cst.Comparison):
        return chain[:-1] if _is_of_values(parent) else None
    if isinstance(parent, cst.ComparisonTarget) and isinstance(around, cst.Comparison):
        return chain[:-2] if _is_of_values(around) else None
    if isinstance(parent, cst.Attribute) and isinstance(around, cst.Call) and around.func is parent:
        return chain[:-2] if parent.attr.value in _RESHAPING else None
    return None


def _is_of_values(node: cst.Comparison) -> bool:
    """Whether a comparison gives a tensor: it has one operator, which is not `is` or `in`."""
    names = (cst.Is, cst.IsNot, cst.In, cst.NotIn)
    return len(node.comparisons) == 1 and not isinstance(node.comparisons[0].operator, names)


def _is_joined(cls: ModuleClass, forward: Method, chain: Chain) -> bool:
    """Whether what stands right around the last node puts it together with a tensor of the model."""
    node, parent, around = chain[-1], chain[-2], chain[-3]
    if isinstance(parent, (cst.Element, cst.Arg)):
        return _is_joined_as_argument(cls, forward, chain)
    others: tuple[cst.BaseExpression, ...] = ()
    if isinstance(parent, cst.BinaryOperation):
        others = (parent.left if node is parent.right else parent.right,)
    elif isinstance(parent, cst.Comparison) and _is_of_values(parent):
        others = (parent.comparisons[0].comparator,)
    elif isinstance(parent, cst.ComparisonTarget) and isinstance(around, cst.Comparison) and _is_of_values(around):
        others = (around.left,)
    elif isinstance(parent, cst.Attribute) and isinstance(around, cst.Call) and around.func is parent:
        others = tuple(item.value for item in around.args) if parent.attr.value in _JOINING else ()
    return any(_is_of_model(cls, forward, other) for other in others)


def _is_joined_as_argument(cls: ModuleClass, forward: Method, chain: Chain) -> bool:
    """Whether a call of torch, of a layer with weights or of a tensor's method is given both, also both in a list."""
    node = chain[-1]
    siblings: tuple[cst.BaseElement, ...] = ()
    if isinstance(chain[-2], cst.Element):
        listed = chain[-3]
        chain = chain[:-2]
        siblings = tuple(listed.elements) if isinstance(listed, (cst.List, cst.Tuple)) else ()
    call = chain[-3]
    if not isinstance(chain[-2], cst.Arg) or not isinstance(call, cst.Call):
        return False
    given_values = [*(item.value for item in call.args), *(item.value for item in siblings)]
    others = [value for value in given_values if value is not node and value is not chain[-1]]
    origin = _origin(cls, call)
    if origin.startswith("torch."):
        return not _ON_CPU.match(origin) and any(_is_of_model(cls, forward, other) for other in others)
    attribute = self_attribute(call.func, forward.receiver)
    layer = cls.layers.only(attribute) if attribute is not None else None
    if layer is not None:
        return layer.torch_name in WEIGHTED
    is_method = isinstance(call.func, cst.Attribute) and call.func.attr.value in _JOINING
    return is_method and isinstance(call.func, cst.Attribute) and _is_of_model(cls, forward, call.func.value)


def _origin(cls: ModuleClass, call: cst.Call) -> str:
    found = cls.resolve(dotted(call.func) or "?")
    return found.origin if isinstance(found, ExternalClass) else ""


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
    if isinstance(node, cst.Name) and _is_placed(cls, forward, node.value):
        return True
    if isinstance(node, cst.Name) and node.value == first:
        return re.search(rf"\b{first}\s*=[^\n]*\.(?:cpu|numpy)\(", cls.text) is None
    value = cls.flow.made.get(node) if cls.flow is not None else None
    return value is not None and _is_tensor(cls, value)


def _is_placed(cls: ModuleClass, forward: Method, name: str) -> bool:
    """Whether a local name is only a new tensor that is made where an input is: `torch.arange(n, device=x.device)`."""
    if list(bound_names(forward.node.body)).count(name) != 1:
        return False
    places = {f"{item.name}.device" for item in forward.positional[1:]}
    for node in forward.own_nodes:
        if isinstance(node, cst.Assign) and binds(node, name):
            call = new_tensor(cls, forward, node.value)
            device = given(call, "device", len(call.args)) if call is not None else None
            return device is not None and dotted(device.value) in places
    return False


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
