"""What operators, functions and tensor methods do to the values that they take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ExternalClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

PAIRING = frozenset({"zip", "enumerate"})
PASSED_ON = frozenset({"list", "tuple", "reversed", "iter"})
FUSED_SUMS = frozenset({"add", "add_scalar", "add_relu"})
WITHOUT_DATA = frozenset(
    {"shape", "dtype", "device", "ndim", "requires_grad", "is_cuda", "training", "layout", "itemsize"}
)
_SIZES = frozenset(
    (
        "size dim ndimension numel element_size stride is_contiguous is_floating_point get_device zeros_like ones_like "
        "empty_like rand_like randn_like full_like new_zeros new_ones new_empty new_full new_tensor len isinstance "
        "hasattr callable range is_tensor is_grad_enabled is_autocast_enabled print type int bool"
    ).split()
)
_SUMS = frozenset({"add", "add_", "addcmul", "addcmul_", "addcdiv", "lerp", "lerp_", "logaddexp", "sum", "iadd"})
_DIFFERENCES = frozenset({"sub", "sub_", "subtract", "rsub"})
_PRODUCTS = frozenset(
    {"mul", "mul_", "multiply", "matmul", "mm", "bmm", "einsum", "baddbmm", "div", "div_", "where", "maximum", "max"}
)
_RESHAPING = re.compile(
    r"^(?:rearrange|repeat|reduce|pack|unpack|einops_\w+)$|partition|reverse|reshape|flatten|permute|transpose|unfold"
    r"|to_[1-5]d$|n?chw|nhwc|nlc|pad_(?:if|to|same|at)|shift|crop|to_device|^convert_|^cast$|rotary|rope"
    r"|nonlin|^activation|swish|drop_?(?:connect|path|out)",
    re.IGNORECASE,
)
"""Functions that by their names only move values about, or work on each of them."""
_JOINS = frozenset({"cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "column_stack"})
_OPERATORS = {
    cst.Add: Kind.ADD,
    cst.AddAssign: Kind.ADD,
    cst.Subtract: Kind.SUBTRACT,
    cst.SubtractAssign: Kind.SUBTRACT,
}


def operator_kind(operator: cst.CSTNode) -> Kind:
    """`+` and `-` by themselves, every other operator as a product."""
    return _OPERATORS.get(type(operator), Kind.MULTIPLY)  # type: ignore[arg-type]


def function_kind(name: str, *, is_torch: bool) -> Kind:
    """The kind of value that a function of this name makes; functions that are not torch's are unknown."""
    if name in _SIZES:
        return Kind.CONSTANT
    if is_torch or name == "sum":
        return method_kind(name)
    return Kind.OPERATION if _RESHAPING.search(name) else Kind.UNKNOWN


def method_kind(name: str) -> Kind:
    """The kind of value that a function of torch, or a method of a tensor, makes."""
    if name in _SIZES:
        return Kind.CONSTANT
    if name in _SUMS:
        return Kind.ADD
    if name in _DIFFERENCES:
        return Kind.SUBTRACT
    if name in _PRODUCTS:
        return Kind.MULTIPLY
    return Kind.CONCATENATE if name in _JOINS else Kind.OPERATION


def is_torch(cls: ModuleClass, origin: str, environment: dict[str, Value]) -> bool:
    """Whether a dotted name leads into torch: `torch.add`, `F.relu`, and not a method of a local value."""
    if origin.split(".")[0] in environment:
        return False
    found = cls.resolve(origin)
    return isinstance(found, TorchClass) or (isinstance(found, ExternalClass) and found.origin.startswith("torch."))
