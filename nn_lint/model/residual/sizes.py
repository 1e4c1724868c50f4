"""What a branch does to the size of its input, where it is certain that the input cannot be added as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.arithmetic import Number, Numbers, cases, evaluate
from nn_lint.model.containers import parts
from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, NORMS, PASSIVE, Layer
from nn_lint.model.method import Method
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_POOLS = frozenset(f"{kind}Pool{rank}d" for kind in ("Max", "Avg") for rank in (1, 2, 3))
_KEEPING = NORMS | ACTIVATIONS | PASSIVE
_KEEPING_OPERATIONS = frozenset(
    (
        "relu relu_ relu6 leaky_relu leaky_relu_ gelu silu mish elu elu_ selu sigmoid sigmoid_ tanh tanh_ hardswish "
        "softplus dropout dropout2d contiguous clone float"
    ).split()
)
_MOST_STRIDE = 4
_MOST_KERNEL = 5
"""Beyond these a single value may be left of a size, which is spread over the input on purpose."""

_DEFAULTS: Mapping[str, int] = {"stride": 1, "padding": 0, "dilation": 1}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why the input and the branch's result differ in size, in words. `broadcasts`: torch spreads one channel."""

    reason: str
    broadcasts: bool = False


def branch_layers(cls: ModuleClass, path: Sequence[Value]) -> tuple[Layer, ...] | None:
    """The layers of a straight branch; `None` where one is unknown, or where something else may change the size."""
    found: list[Layer] = []
    for value in path[1:]:
        if value.kind is Kind.LAYER and value.layer is not None and len(value.operands) == 1:
            layers = tuple(parts(cls, value.layer))
            known = [item for item in layers if item is not None and _is_known(item)]
            if len(known) != len(layers):
                return None
            found.extend(known)
        elif value.kind is not Kind.OPERATION or value.name not in _KEEPING_OPERATIONS:
            return None
    return tuple(found)


def _is_known(layer: Layer) -> bool:
    """A layer whose effect is known, and that is called by the name of its class."""
    return layer.torch_name in _KNOWN and layer.callee.endswith(layer.torch_name)


_KNOWN = CONVOLUTIONS | _POOLS | _KEEPING | {"Linear"}


def misfit_of(init: Method, layers: Sequence[Layer], given: Numbers) -> Misfit | None:
    """Why a branch does not fit its input, whatever the parameters are that are not given."""
    return _by_stride(init, layers, given) or _by_width(init, layers, given) or _by_kernel(init, layers, given)


def stride_misfit(init: Method, branch: Sequence[Layer], projection: Sequence[Layer]) -> Misfit | None:
    """Why a branch does not fit what projects its input: their strides differ whatever the parameters are."""
    sides = [_sized(branch), _sized(projection)]
    layers = [layer for side in sides for layer in side]
    if not all(sides) or any(layer.torch_name in _POOLS for layer in layers):
        return None
    found = set()
    for case in cases(init, [layer.argument("stride") for layer in layers], {}):
        strides = [[_plain(layer, "stride", case) or 0 for layer in side] for side in sides]
        found.add((prod(strides[0]), prod(strides[1])))
    if any(
        first == second or not 0 < min(first, second) < max(first, second) <= _MOST_STRIDE for first, second in found
    ):
        return None
    shown = next(iter(found)) if len(found) == 1 else None
    return Misfit("the branch and its shortcut differ in stride" + (f": {shown[0]} and {shown[1]}" if shown else ""))


def _by_stride(init: Method, layers: Sequence[Layer], given: Numbers) -> Misfit | None:
    for layer in _sized(layers):
        stride = layer.argument("stride")
        if stride is None and layer.torch_name in _POOLS:
            stride = layer.argument("kernel_size")
        found = [evaluate(stride, case) for case in cases(init, [stride], given)]
        if found and all(item is not None and 1 < _largest(item) <= _MOST_STRIDE for item in found):
            shown = f" {found[0]}" if len({*found}) == 1 else ""
            return Misfit(f"the branch has stride{shown}")
    return None


def _by_width(init: Method, layers: Sequence[Layer], given: Numbers) -> Misfit | None:
    weighted = [layer for layer in layers if layer.torch_name in CONVOLUTIONS or layer.torch_name == "Linear"]
    is_linear = {layer.torch_name == "Linear" for layer in weighted}
    if len(is_linear) != 1:
        return None
    linear = is_linear == {True}
    first = weighted[0].argument("in_features" if linear else "in_channels")
    last = weighted[-1].argument("out_features" if linear else "out_channels")
    pairs = [(evaluate(first, case), evaluate(last, case)) for case in cases(init, [first, last], given)]
    if not pairs or any(a is None or b is None or b in (a, 1) for a, b in pairs):
        return None
    broadcasts = any(a == 1 for a, _ in pairs) and len(pairs) == 1
    if linear and broadcasts:
        return None
    what = "features" if linear else "channels"
    shown = f"makes {pairs[0][1]} {what} of {pairs[0][0]}" if len(pairs) == 1 else f"changes the number of {what}"
    return Misfit(f"the branch {shown}", broadcasts)


def _by_kernel(init: Method, layers: Sequence[Layer], given: Numbers) -> Misfit | None:
    """Kernels whose padding does not make up for them, at stride 1."""
    sized = _sized(layers)
    if any(layer.torch_name in _POOLS for layer in sized) or not sized:
        return None
    nodes = [layer.argument(name) for layer in sized for name in ("kernel_size", "padding", "dilation", "stride")]
    changes = [_change(sized, case) for case in cases(init, nodes, given)]
    if not changes or any(not change for change in changes):
        return None
    shown = f"by {abs(changes[0] or 0)}" if len({*changes}) == 1 else "by its kernel"
    verb = "shrinks" if (changes[0] or 0) < 0 else "enlarges"
    return Misfit(f"the branch {verb} the input {shown}: kernel and padding do not match")


def _change(layers: Sequence[Layer], case: Numbers) -> int | None:
    """How many places a size loses or gains over all layers; `None` where that cannot be told."""
    total = 0
    for layer in layers:
        if _plain(layer, "stride", case) != 1:
            return None
        kernel, dilation = _plain(layer, "kernel_size", case), _plain(layer, "dilation", case)
        padding = _padding(layer, case, kernel, dilation)
        if kernel is None or dilation is None or padding is None or kernel > _MOST_KERNEL:
            return None
        total += padding - dilation * (kernel - 1)
    return total


def _padding(layer: Layer, case: Numbers, kernel: int | None, dilation: int | None) -> int | None:
    """The places that are added on both sides together."""
    node = layer.argument("padding")
    if not isinstance(node, cst.SimpleString):
        each = _plain(layer, "padding", case)
        return None if each is None else 2 * each
    if node.raw_value == "same":
        return None if kernel is None or dilation is None else dilation * (kernel - 1)
    return 0


def _plain(layer: Layer, name: str, case: Numbers) -> int | None:
    """An argument that is one number, or the same number for every dimension."""
    node = layer.argument(name)
    found = _DEFAULTS.get(name) if node is None else evaluate(node, case)
    if isinstance(found, tuple):
        return found[0] if len({*found}) == 1 else None
    return found


def _sized(layers: Sequence[Layer]) -> list[Layer]:
    return [layer for layer in layers if layer.torch_name in CONVOLUTIONS | _POOLS]


def _largest(number: Number) -> int:
    return max(number) if isinstance(number, tuple) else number
