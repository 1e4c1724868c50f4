"""The shortcut that a block needs, with the widths and the stride by the constructor's own expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, Layer
from nn_lint.model.method import bound_names, names
from nn_lint.model.residual.evidence import StraightChain
from nn_lint.project.hierarchy import TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_COPIED_NORMS = frozenset(f"{kind}{rank}d" for kind in ("BatchNorm", "InstanceNorm") for rank in (1, 2, 3))


@dataclass(frozen=True, slots=True)
class Projection:
    """A 1x1 convolution or linear layer, with the branch's norm. `condition` is empty where it is always needed."""

    layer: str
    norm: str | None
    condition: str
    identity: str
    sequential: str


@dataclass(frozen=True, slots=True)
class Shortcut:
    """`projection` is `None` where the input can be added as it is; `anchor` is the row after which it is defined."""

    projection: Projection | None
    anchor: cst.CSTNode


def derive_shortcut(cls: ModuleClass, chain: StraightChain) -> Shortcut | str:
    """The shortcut for a plain chain, or a sentence that says why none can be derived."""
    weighted = chain.weighted
    init = cls.init
    if init is None or not weighted:
        return "the block has no constructor of its own that builds its layers"
    first, last = weighted[0], weighted[-1]
    kinds = {layer.torch_name for layer in weighted}
    if len(kinds) != 1:
        return "its layers have different ranks"
    is_convolution = first.torch_name in CONVOLUTIONS
    width_names = ("in_channels", "out_channels") if is_convolution else ("in_features", "out_features")
    widths = [_text(cls, layer.argument(name)) for layer, name in zip((first, last), width_names)]
    if None in widths:
        return "its widths cannot be read"
    if is_convolution and not all(_keeps_size(cls, layer) for layer in weighted):
        return "a kernel and its padding change the size, or cannot be read"
    strides = [text for layer in weighted if (text := _stride(cls, layer)) not in ("1", None)] if is_convolution else []
    if len(strides) > 1:
        return "more than one layer has a stride"
    used = [layer.argument(name) for layer, name in zip((first, last), width_names)] + [
        layer.argument("stride") for layer in weighted
    ]
    bound = set(bound_names(init.node.body))
    if any(name.value in bound for node in used if node is not None for name in names(node)):
        return "the constructor computes the widths or the stride on the way"
    if not set(walk_statements(init.node.body)) >= {layer.statement for layer in weighted}:
        return "its layers are built in a branch or in a base class"
    anchor = max((layer.statement for layer in chain.layers), key=lambda node: cls.syntax.span(node).start)
    width_in, width_out = str(widths[0]), str(widths[1])
    if width_in == width_out and not strides:
        return Shortcut(None, anchor)
    return _project(cls, chain, first, (width_in, width_out), strides[0] if strides else None, anchor)


def _project(
    cls: ModuleClass,
    chain: StraightChain,
    first: Layer,
    widths: tuple[str, str],
    stride: str | None,
    anchor: cst.CSTNode,
) -> Shortcut | str:
    prefix = first.callee.removesuffix(first.torch_name or "")
    holders = [f"{prefix}{name}" for name in ("Identity", "Sequential")]
    if any(cls.resolve(holder) != TorchClass(holder.split(".")[-1]) for holder in holders):
        return "`nn.Identity` and `nn.Sequential` are not imported"
    width_in, width_out = widths
    extra = f", stride={stride}" if stride else ""
    size = "" if first.torch_name == "Linear" else ", kernel_size=1"
    layer = f"{first.callee}({width_in}, {width_out}{size}{extra}, bias=False)"
    conditions = []
    if stride is not None and not stride.isdigit():
        conditions.append(f"{stride} != 1")
    if width_in != width_out and not (width_in.isdigit() and width_out.isdigit()):
        conditions.append(f"{width_in} != {width_out}")
    always = (stride or "").isdigit() or (width_in != width_out and width_in.isdigit() and width_out.isdigit())
    condition = "" if always else " or ".join(conditions)
    return Shortcut(Projection(layer, _norm(chain, width_out), condition, f"{holders[0]}()", holders[1]), anchor)


def _norm(chain: StraightChain, width: str) -> str | None:
    """The norm of the branch's last convolution, copied only where the block ends in an activation."""
    layers = chain.layers
    last = layers.index(chain.weighted[-1])
    following = layers[last + 1] if last + 1 < len(layers) else None
    if following is None or following.torch_name not in _COPIED_NORMS or not ends_in_activation(chain):
        return None
    return f"{following.callee}({width})"


def ends_in_activation(chain: StraightChain) -> bool:
    """Whether the last step is an activation: a submodule, or a function such as `F.relu`."""
    step = chain.steps[-1]
    if step.layer is not None:
        return step.layer.torch_name in ACTIVATIONS
    return step.name.rstrip("_") in {name.lower() for name in ACTIVATIONS} | {"leaky_relu"}


def walk_statements(body: cst.BaseSuite) -> list[cst.CSTNode]:
    """The statements of a body, none of those below them."""
    found: list[cst.CSTNode] = []
    for statement in body.body:
        found.extend(statement.body if isinstance(statement, cst.SimpleStatementLine) else [statement])
    return found


def _text(cls: ModuleClass, node: cst.BaseExpression | None) -> str | None:
    return None if node is None else cls.syntax.text(node)


def _stride(cls: ModuleClass, layer: Layer) -> str | None:
    return _text(cls, layer.argument("stride"))


def _keeps_size(cls: ModuleClass, layer: Layer) -> bool:
    """Whether a convolution of stride 1 gives the size that it gets."""
    kernel, padding, dilation = (_text(cls, layer.argument(name)) for name in ("kernel_size", "padding", "dilation"))
    if kernel is None or any(item.star for item in layer.call.args):
        return False
    if padding in ("'same'", '"same"'):
        return True
    if kernel.isdigit() and (padding or "0").isdigit() and (dilation or "1").isdigit():
        return 2 * int(padding or "0") == int(dilation or "1") * (int(kernel) - 1)
    return (
        padding in (f"{kernel} // 2", f"{kernel}//2", f"({kernel} - 1) // 2", f"({kernel}-1)//2") and dilation is None
    )
