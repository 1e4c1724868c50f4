"""Dropouts by function, and whether anything switches them off when the module evaluates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.modes import calls_in_any_mode, mentions_mode
from nn_lint.model.stores import stores
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.model.torch_calls import given, has_stars, torch_function

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_ALWAYS: Mapping[str, str] = {
    **{f"nn.functional.dropout{rank}": "dropout" for rank in ("", "1d", "2d", "3d")},
    "nn.functional.scaled_dot_product_attention": "attention",
}
_ON_PURPOSE = re.compile(
    r"monte.?carlo|\bmc\b|mc_?drop|bayesian|alway[^\n]*dropout|always.?on|uncertainty|at inference|in evaluation"
    r"|non.?determin",
    re.IGNORECASE,
)
_TRAINING_CLASS = re.compile(r"loss|augment|corrupt|nois|perturb|random", re.IGNORECASE)
_AUGMENTING = re.compile(r"augment|corrupt|perturb", re.IGNORECASE)
_TRAINING_NAMES = re.compile(r"nois|corrupt|augment|perturb|mask", re.IGNORECASE)
_TRAINING_METHODS = re.compile(r"train|augment|corrupt|nois|mask|loss|^step$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unguarded:
    """A dropout that goes on in evaluation. `rate` is what it takes as probability, `None` for torch's default.

    `is_attention`: the dropout of a `scaled_dot_product_attention`. `training`: the method `self.train` that it takes
    for the mode, which is always true.
    """

    call: cst.Call
    method: Method
    callee: str
    rate: cst.Arg | None
    is_attention: bool
    training: cst.Arg | None = None


def drops_on_purpose(cls: ModuleClass) -> bool:
    """Whether the class says that its dropout is meant to be on in evaluation, or that it is for training alone."""
    if _ON_PURPOSE.search(cls.text) is not None or _TRAINING_CLASS.search(cls.name) is not None:
        return True
    return _AUGMENTING.search(cls.docstring) is not None


def unguarded_dropouts(cls: ModuleClass) -> Iterator[Unguarded]:
    """Every dropout in the methods of a class that is on whether the module trains or not."""
    if drops_on_purpose(cls):
        return
    for method in cls.methods:
        if method.name == "__init__" or method.is_static or _TRAINING_METHODS.search(method.name):
            continue
        found = [item for call in calls_in_any_mode(method) if (item := _unguarded(cls, method, call)) is not None]
        if found and _runs_in_any_mode(cls, method):
            yield from found


def _unguarded(cls: ModuleClass, method: Method, call: cst.Call) -> Unguarded | None:
    callee = dotted(call.func) or ""
    if not callee.endswith(("dropout", "1d", "2d", "3d", "attention")) or has_stars(call):
        return None
    if callee.split(".")[0] in method.locals:
        return None
    kind = _ALWAYS.get(torch_function(cls, call) or "")
    if kind is None:
        return None
    is_attention = kind == "attention"
    rate = given(call, "dropout_p", 4) if is_attention else given(call, "p", 1)
    training = None if is_attention else given(call, "training", 2)
    if training is not None and not _is_the_method(cls, method, training.value):
        return None
    is_on = _is_on(cls, method, rate.value) if rate is not None else not is_attention
    if is_on and _TRAINING_NAMES.search(" ".join(_names_of(method, call))):
        return None
    return Unguarded(call, method, callee, rate, is_attention, training) if is_on else None


def _is_the_method(cls: ModuleClass, method: Method, mode: cst.BaseExpression) -> bool:
    """`self.train`, the method of `nn.Module`, where `self.training` is meant."""
    own = cls.find_method("train")
    is_plain = "train" not in cls.rebound_attributes and (own is None or not own.is_property) and cls.is_certain
    return is_plain and self_attribute(mode, method.receiver) == "train"


def _names_of(method: Method, call: cst.Call) -> list[str]:
    """The local names that get what a call makes."""
    return [
        target.target.value
        for node in method.own_nodes
        if isinstance(node, cst.Assign) and node.value is call
        for target in node.targets
        if isinstance(target.target, cst.Name)
    ]


def _is_on(cls: ModuleClass, method: Method, rate: cst.BaseExpression) -> bool:
    """Whether a rate is for certain the same in evaluation as in training, and not zero."""
    if mentions_mode(method, rate):
        return False
    if isinstance(rate, (cst.Float, cst.Integer)):
        return float(rate.value) > 0
    if isinstance(rate, cst.Name):
        assigned = _assigned(method, rate.value)
        return len(assigned) == 1 and _is_on(cls, method, assigned[0]) and not _is_bound_otherwise(method, rate.value)
    path = (dotted(rate) or "").split(".")
    return len(path) > 1 and path[0] == method.receiver and not _is_switched(cls, path[1]) and not _is_off(cls, path[1])


def _is_off(cls: ModuleClass, attribute: str) -> bool:
    """Whether a rate is written down as zero."""
    values = [store.value for method in cls.methods for store in stores(method) if store.attribute == attribute]
    return any(isinstance(item, (cst.Float, cst.Integer)) and float(item.value) == 0 for item in values)


def _assigned(method: Method, name: str) -> list[cst.BaseExpression]:
    return [
        node.value
        for node in method.own_nodes
        if isinstance(node, cst.Assign)
        for target in node.targets
        if isinstance(target.target, cst.Name) and target.target.value == name
    ]


def _is_bound_otherwise(method: Method, name: str) -> bool:
    """Whether a name is a parameter, or bound by anything but one plain assignment."""
    if any(item.name == name for item in method.parameters):
        return True
    stores = walk(method.node.body, cst.AugAssign, cst.AnnAssign, cst.NamedExpr, cst.For, cst.Tuple)
    return any(
        isinstance(part, cst.Name) and part.value == name
        for node in stores
        for part in walk(getattr(node, "target", node))
    )


def _is_switched(cls: ModuleClass, attribute: str) -> bool:
    """Whether an attribute is computed, or set again outside of the constructor."""
    if any(item.method(attribute) is not None for item in (cls, *cls.ancestors)):
        return True
    later = (
        item.target
        for owner in (cls, *cls.ancestors)
        for method in owner.methods
        if method.name != "__init__"
        for node in method.own_nodes
        if isinstance(node, cst.Assign)
        for item in node.targets
        if self_attribute(item.target, method.receiver) == attribute
    )
    return any(True for _ in later) or attribute not in cls.own_attributes


def _runs_in_any_mode(cls: ModuleClass, method: Method) -> bool:
    """Whether the class calls a helper outside of training, or does not call it at all."""
    everywhere = tuple(cls.calls_on_self(method.name))
    if not everywhere:
        return True
    return any(
        self_attribute(call.func, other.receiver) == method.name
        for other in cls.methods
        if not _TRAINING_METHODS.search(other.name)
        for call in calls_in_any_mode(other)
    )
