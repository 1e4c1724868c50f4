"""What single layers do to the width and the size of what they get, in the words of the constructor."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, NORMS, PASSIVE
from nn_lint.model.residual.arithmetic import Evaluated, UnknownError, constant, evaluate, variables_of
from nn_lint.model.residual.parts import Part
from nn_lint.model.residual.scripts import keywords_of, substitute

_CONVOLUTION = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias")
_POOL = ("kernel_size", "stride", "padding")
_ODD = (1, 3, 5, 7)
_ONE, _ZERO = ast.Constant(value=1), ast.Constant(value=0)
Growth = tuple[ast.expr, ast.expr, ast.expr]
"""Kernel, padding and dilation."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One layer. `environment` tells what names stood for where it was built, in the row `row` of the constructor.

    `growth` is what makes it change the size at stride 1. `shape`: the axes that it exchanges.
    """

    part: Part
    name: str = ""
    call: ast.Call | None = None
    width_in: ast.expr | None = None
    width_out: ast.expr | None = None
    stride: ast.expr | None = None
    growth: Growth | None = None
    shape: tuple[int, ...] = ()
    row: int = 0
    environment: Mapping[str, ast.expr] = field(default_factory=dict)

    @property
    def pools(self) -> bool:
        """An average over patches that do not overlap."""
        return self.name.startswith("AvgPool")

    @property
    def growth_formula(self) -> Growth | None:
        """The growth in the words of the constructor's own parameters."""
        if self.growth is None:
            return None
        kernel, padding, dilation = (self.formula(part) for part in self.growth)
        return kernel, padding, dilation

    def formula(self, node: ast.expr) -> ast.expr:
        """An expression in the words of the constructor's own parameters."""
        return substitute(node, self.environment)


def torch_step(name: str, call: ast.Call) -> Step | str:
    """What a layer of torch.nn does, or why that cannot be told."""
    if name in CONVOLUTIONS:
        width_in, width_out, kernel = (argument(call, item, _CONVOLUTION) for item in _CONVOLUTION[:3])
        if width_in is None or width_out is None or kernel is None:
            return "its widths cannot be read"
        stride, padding, dilation = (argument(call, item, _CONVOLUTION) for item in _CONVOLUTION[3:6])
        growth = (kernel, padding or _ZERO, dilation or _ONE)
        return Step(Part.WEIGHTS, name, call, width_in, width_out, _unless_one(stride), growth)
    if name == "Linear":
        order = ("in_features", "out_features")
        width_in, width_out = (argument(call, item, order) for item in order)
        unread = width_in is None or width_out is None
        return "its widths cannot be read" if unread else Step(Part.WEIGHTS, name, call, width_in, width_out)
    if name == "MultiheadAttention":
        width = argument(call, "embed_dim", ("embed_dim",))
        return Step(Part.ATTENTION, name, call, width, width)
    if name in NORMS or name in ACTIVATIONS or name in PASSIVE or name in ("Softmax", "Dropout3d"):
        return Step(_NEUTRAL.get(name, Part.CHANNEL_NORM if name in NORMS else Part.PASSIVE), name, call)
    return _resizing_step(name, call)


_NEUTRAL = {"LayerNorm": Part.LAYER_NORM, "RMSNorm": Part.LAYER_NORM} | dict.fromkeys(ACTIVATIONS, Part.ACTIVATION)


def _resizing_step(name: str, call: ast.Call) -> Step | str:
    if name.startswith(("MaxPool", "AvgPool")):
        kernel, stride, padding = (argument(call, item, _POOL) for item in _POOL)
        if kernel is not None and len(call.args) <= len(_POOL):
            return Step(
                Part.OTHER, name, call, stride=_unless_one(stride or kernel), growth=(kernel, padding or _ZERO, _ONE)
            )
    if "Pool" in name:
        return "a pooling layer changes the size"
    if "Pad" in name and len(call.args) == 1 and isinstance(call.args[0], (ast.Constant, ast.Name, ast.BinOp)):
        return Step(Part.PASSIVE, name, call, growth=(_ONE, call.args[0], _ONE))
    if name.startswith(("ConvTranspose", "Upsampl")) or name == "PixelShuffle":
        return "an upsampling layer changes the size"
    return f"`{name}` changes the shape"


def argument(call: ast.Call, name: str, order: Sequence[str]) -> ast.expr | None:
    """What a call gives for a parameter, by keyword or by position."""
    words = keywords_of(call)
    if words is None or any(isinstance(item, ast.Starred) for item in call.args):
        return None
    index = order.index(name)
    return words.get(name) if name in words or index >= len(call.args) else call.args[index]


def _unless_one(stride: ast.expr | None) -> ast.expr | None:
    return None if stride is None or is_always(stride, 1) else stride


def is_always(node: ast.expr, number: int) -> bool:
    """Whether an expression is a number, or a tuple of it, whatever its variables are."""
    try:
        value = constant(node)
    except UnknownError:
        return False
    return set(value) == {number} if isinstance(value, tuple) else value == number


def keeps_size(growths: Sequence[Growth], defaults: Mapping[str, Evaluated]) -> bool:
    """Whether layers of stride 1 together give the size that they get, for every odd kernel or at least by default."""
    if not growths:
        return True
    kernels = variables_of(*(growth[0] for growth in growths))
    others = variables_of(*(part for growth in growths for part in growth[1:]))
    turns = [
        {name: turn + index for index, name in enumerate(others, 1)}
        | {name: _ODD[(turn + index) % len(_ODD)] for index, name in enumerate(kernels)}
        for turn in range(len(_ODD))
    ]
    if all(_total(growths, turn) == {0} for turn in turns):
        return True
    return {*kernels, *others} <= set(defaults) and _total(growths, defaults) == {0}


def _total(growths: Sequence[Growth], variables: Mapping[str, Evaluated]) -> set[int] | None:
    """By how much every axis grows, `None` where that cannot be computed."""
    try:
        grown = [_grown(*(evaluate(part, variables) for part in growth)) for growth in growths]
    except UnknownError:
        return None
    if any(axes is None for axes in grown):
        return None
    rank = max((len(axes) for axes in grown if axes is not None), default=1)
    spread = [axes * rank if len(axes) == 1 else axes for axes in grown if axes is not None]
    return {sum(column) for column in zip(*spread)} if all(len(axes) == rank for axes in spread) else None


def _grown(kernel: Evaluated, padding: Evaluated, dilation: Evaluated) -> tuple[int, ...] | None:
    if padding == "same":
        return (0,)
    parts = [part if isinstance(part, tuple) else (part,) for part in (kernel, padding, dilation)]
    rank = max(map(len, parts))
    spread = [part * rank if len(part) == 1 else part for part in parts]
    rows = list(zip(*spread)) if all(len(part) == rank for part in spread) else []
    if not rows or not all(isinstance(item, int) for row in rows for item in row):
        return None
    return tuple(2 * row[1] - row[2] * (row[0] - 1) for row in rows)
