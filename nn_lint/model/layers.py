"""The submodules that `__init__` assigns: which class each is, and the arguments it was built with."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.project.extract import dotted as written
from nn_lint.project.hierarchy import ProjectClass, Resolved, TorchClass
from nn_lint.project.premises.attributes import assignment_counts

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

CONVOLUTIONS = frozenset(f"Conv{rank}d" for rank in (1, 2, 3))
NORMS = frozenset(
    [f"{kind}{rank}d" for kind in ("BatchNorm", "InstanceNorm") for rank in (1, 2, 3)]
    + ["GroupNorm", "LayerNorm", "SyncBatchNorm", "RMSNorm", "LocalResponseNorm"]
)
ACTIVATIONS = frozenset(
    (
        "ReLU ReLU6 LeakyReLU PReLU RReLU ELU CELU SELU GELU SiLU Mish Sigmoid Tanh Hardswish Hardtanh Hardsigmoid "
        "Softplus Softsign LogSigmoid Tanhshrink Hardshrink Softshrink Threshold"
    ).split()
)
PASSIVE = frozenset({"Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"})

_POSITIONS: Mapping[str, tuple[str, ...]] = {
    "Conv": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"),
    "Linear": ("in_features", "out_features", "bias"),
    "Softmax": ("dim",),
    "LogSoftmax": ("dim",),
    "Softmin": ("dim",),
    "Flatten": ("start_dim", "end_dim"),
    **dict.fromkeys(("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid"), ("inplace",)),
    "LeakyReLU": ("negative_slope", "inplace"),
    **dict.fromkeys(("ELU", "CELU"), ("alpha", "inplace")),
    "RReLU": ("lower", "upper", "inplace"),
    "Hardtanh": ("min_val", "max_val", "inplace"),
    "Threshold": ("threshold", "value", "inplace"),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"), ("p", "inplace")),
    **{f"MaxPool{rank}d": ("kernel_size", "stride", "padding", "dilation") for rank in (1, 2, 3)},
    **{f"AvgPool{rank}d": ("kernel_size", "stride", "padding") for rank in (1, 2, 3)},
}


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One submodule. `attribute` is empty for a child of a Sequential. `children` are those of a literal Sequential."""

    attribute: str
    cls: Resolved
    call: cst.Call
    callee: str
    statement: cst.CSTNode
    children: tuple[Layer, ...] = ()

    @property
    def torch_name(self) -> str | None:
        """The bare name of a torch.nn class."""
        return self.cls.name if isinstance(self.cls, TorchClass) else None

    def argument(self, name: str) -> cst.BaseExpression | None:
        """The expression given for a parameter of a torch.nn layer, by keyword or by position."""
        if any(item.star for item in self.call.args):
            return None
        for item in self.call.args:
            if item.keyword is not None and item.keyword.value == name:
                return item.value
        family = "Conv" if self.torch_name in CONVOLUTIONS else self.torch_name or ""
        order = _POSITIONS.get(family, ())
        plain = [item.value for item in self.call.args if item.keyword is None]
        index = order.index(name) if name in order else len(plain)
        return plain[index] if index < len(plain) else None


class Layers:
    """The submodules of a class and of the ancestors that were read."""

    def __init__(self, cls: ModuleClass) -> None:
        self._cls = cls
        self._alternatives: dict[str, tuple[tuple[Layer, ...], ...] | None] = {}

    @cached_property
    def by_attribute(self) -> Mapping[str, tuple[Layer, ...]]:
        """Every construction that is assigned to an attribute, in the order of the text; own ones replace inherited."""
        found: dict[str, tuple[Layer, ...]] = {}
        for cls in reversed((self._cls, *self._cls.ancestors)):
            found.update(cls.layers.own)
        return found

    @cached_property
    def own(self) -> Mapping[str, tuple[Layer, ...]]:
        """The constructions in the class itself."""
        found: dict[str, tuple[Layer, ...]] = {}
        if not _may_construct(self._cls):
            return found
        for layer in _constructions(self._cls):
            found[layer.attribute] = (*found.get(layer.attribute, ()), layer)
        return found

    def only(self, attribute: str) -> Layer | None:
        """The one construction of an attribute; `None` where there are several, or none that can be read."""
        found = self.by_attribute.get(attribute, ())
        assigned = sum(cls.layers.assignments.get(attribute, 0) for cls in (self._cls, *self._cls.ancestors))
        return found[0] if len(found) == 1 and assigned == 1 else None

    def alternatives(self, attribute: str) -> tuple[tuple[Layer, ...], ...] | None:
        """The layers that a submodule, or the items of a list, may be made of; `None` where that cannot be read."""
        if attribute not in self._alternatives:
            from nn_lint.model.parts import alternatives

            self._alternatives[attribute] = alternatives(self._cls, attribute)
        return self._alternatives[attribute]

    @cached_property
    def assignments(self) -> Mapping[str, int]:
        """How often the class itself assigns each attribute."""
        if self._cls.tree is not None:
            return assignment_counts(self._cls.tree)
        counts: dict[str, int] = {}
        for method in self._cls.methods:
            targets = (node.target for node in method.nodes if isinstance(node, (cst.AssignTarget, cst.AnnAssign)))
            for target in targets:
                name = self_attribute(target, method.receiver)
                if name is not None:
                    counts[name] = counts.get(name, 0) + 1
        return counts


def _may_construct(cls: ModuleClass) -> bool:
    """Whether the class gives an attribute an instance of a class that is known; libcst is not needed to say no."""
    if cls.tree is None:
        return True
    callees = {written(value.func) for _, value in cls.tree.given if isinstance(value, ast.Call)}
    return any(isinstance(cls.resolve(callee), (TorchClass, ProjectClass)) for callee in callees)


def _constructions(cls: ModuleClass) -> Iterator[Layer]:
    for method in cls.methods:
        for node in method.own_nodes:
            targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
            if isinstance(node, cst.AnnAssign):
                targets = [node.target]
            value = node.value if isinstance(node, (cst.Assign, cst.AnnAssign)) else None
            for target in targets:
                name = self_attribute(target, method.receiver)
                if name is not None and isinstance(value, cst.Call):
                    layer = layer_of(cls, name, value, node)
                    if layer is not None:
                        yield layer


def layer_of(cls: ModuleClass, attribute: str, call: cst.Call, statement: cst.CSTNode) -> Layer | None:
    """The submodule that a call builds, where its class is known."""
    callee = dotted(call.func)
    if callee is None:
        return None
    resolved = cls.resolve(callee)
    if not isinstance(resolved, (TorchClass, ProjectClass)):
        return None
    children: list[Layer] = []
    if resolved == TorchClass("Sequential"):
        for item in call.args:
            child = (
                layer_of(cls, "", item.value, statement) if isinstance(item.value, cst.Call) and not item.star else None
            )
            if child is None:
                children = []
                break
            children.append(child)
    return Layer(attribute, resolved, call, callee, statement, tuple(children))
