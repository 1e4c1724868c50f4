"""Commas at the end of an assignment that make a tuple of a layer or of its result."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import CONVOLUTIONS
from nn_lint.model.method import Method
from nn_lint.model.occurrences import Chain, attribute_occurrences, name_occurrences
from nn_lint.model.syntax import dotted, self_attribute
from nn_lint.model.values import Kind
from nn_lint.project.hierarchy import ExternalClass, Kinship, ProjectClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_TAKE_TUPLES = re.compile(
    r"cat$|concat|stack|meshgrid|broadcast_tensors|block_diag|cartesian|einsum|atleast|pad_sequence"
)
_OF_TUPLES = frozenset({"count", "index"})
_SIZES: Mapping[str, tuple[str, ...]] = {
    "Linear": ("in_features", "out_features"),
    "Embedding": ("num_embeddings", "embedding_dim"),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), ("input_size", "hidden_size")),
    **dict.fromkeys(CONVOLUTIONS, ("in_channels", "out_channels")),
}


class Meant(Enum):
    """What stands in the tuple."""

    LAYER = "a layer or parameter, for an attribute"
    SIZE = "a number of features, for an attribute"
    RESULT = "a tensor, for a local name"


@dataclass(frozen=True, slots=True)
class TrailingComma:
    """An assignment of a tuple of one to a `name`, and what was to be assigned."""

    statement: cst.Assign | cst.AnnAssign
    comma: cst.Comma
    name: str
    meant: Meant


class _Use(Enum):
    """What the place of an expression tells about it."""

    ONE = "a layer or tensor is wanted here"
    MANY = "a tuple is wanted here"
    OPEN = "both would do"


def trailing_commas(cls: ModuleClass) -> Iterator[TrailingComma]:
    """The tuples of one that are used like what stands in them."""
    for method in cls.methods:
        for node in method.own_nodes:
            target = _target(node)
            value = node.value if isinstance(node, (cst.Assign, cst.AnnAssign)) else None
            if target is None or not isinstance(node, (cst.Assign, cst.AnnAssign)) or not isinstance(value, cst.Tuple):
                continue
            element = value.elements[0] if len(value.elements) == 1 else None
            if isinstance(element, cst.Element) and isinstance(element.comma, cst.Comma):
                meant = _meant(cls, method, target, value, element.value)
                if meant is not None:
                    yield TrailingComma(node, element.comma, dotted(target) or "", meant)


def _target(node: cst.CSTNode) -> cst.BaseExpression | None:
    """What an assignment gives its value to, where that is one thing."""
    if isinstance(node, cst.AnnAssign):
        return node.target
    return node.targets[0].target if isinstance(node, cst.Assign) and len(node.targets) == 1 else None


def _meant(
    cls: ModuleClass, method: Method, target: cst.BaseExpression, value: cst.Tuple, inside: cst.BaseExpression
) -> Meant | None:
    """What the tuple is used like; `None` where it may be wanted as a tuple."""
    attribute, is_bare = self_attribute(target, method.receiver), not value.lpar
    if attribute is not None:
        if is_bare and _is_size(cls, method, attribute):
            return Meant.SIZE
        is_layer = isinstance(inside, cst.Call) and _is_layer(cls, inside)
        return Meant.LAYER if is_layer and _is_used_as_layer(cls, attribute, is_bare=is_bare) else None
    if not isinstance(target, cst.Name) or not isinstance(inside, cst.Call) or not is_bare:
        return None
    return Meant.RESULT if _is_used_as_tensor(cls, method, target.value, inside) else None


def _is_size(cls: ModuleClass, method: Method, attribute: str) -> bool:
    """Whether the method makes a layer of torch whose number of features the attribute is: it takes no tuple there."""
    if cls.layers.assignments.get(attribute) != 1:
        return False
    return any(
        isinstance(call, cst.Call)
        and any(self_attribute(item, method.receiver) == attribute for item in _sizes(cls, call))
        for call in method.own_nodes
    )


def _sizes(cls: ModuleClass, call: cst.Call) -> Iterator[cst.BaseExpression]:
    """The numbers of features among the arguments of a layer."""
    found = cls.resolve(dotted(call.func) or "?")
    names = _SIZES.get(found.name, ()) if isinstance(found, TorchClass) else ()
    for index, item in enumerate(call.args):
        if item.star:
            return
        if item.keyword.value in names if item.keyword is not None else index < len(names):
            yield item.value


def _is_layer(cls: ModuleClass, call: cst.Call) -> bool:
    callee = dotted(call.func)
    found = cls.resolve(callee) if callee is not None else None
    return isinstance(found, TorchClass) or (found is not None and cls.resolve_class(found) is Kinship.MODULE)


def _is_used_as_layer(cls: ModuleClass, attribute: str, *, is_bare: bool) -> bool:
    """A tuple that is called is a slip; another one without parentheses is, if some use wants what stands in it."""
    if any(True for _ in cls.calls_on_self(attribute)) and cls.layers.assignments.get(attribute) == 1:
        return True
    found = [
        _use(cls, method, chain)
        for owner in (cls, *cls.ancestors)
        for method in owner.methods
        for chain in attribute_occurrences(method.node.body, method.receiver, attribute)
        if not isinstance(chain[-2], (cst.AssignTarget, cst.AnnAssign))
    ]
    return is_bare and _Use.ONE in found and _Use.MANY not in found


def _is_used_as_tensor(cls: ModuleClass, method: Method, name: str, call: cst.Call) -> bool:
    """The result of a layer, or of a function of torch, under a name of which some use wants a tensor.

    One that takes the name of what it was computed from (`x = self.fc(x),`) is a tensor even if it is only returned.
    """
    if not _computes(cls, method, call):
        return False
    chains = list(name_occurrences(method.node.body, name))
    read = [chain for chain in chains if not isinstance(chain[-2], cst.AssignTarget) and call not in chain]
    found = [_use(cls, method, chain) for chain in read]
    if _Use.ONE in found and _Use.MANY not in found:
        return True
    is_own = any(call in chain for chain in chains)
    after = [chain for chain in read if cls.syntax.precedes(call, chain[-1])]
    return is_own and bool(after) and all(isinstance(chain[-2], cst.Return) for chain in after)


def _use(cls: ModuleClass, method: Method, chain: Chain) -> _Use:
    """What the nodes around an expression make of it."""
    node, around = chain[-1], chain[-2]
    if isinstance(around, cst.Call):
        return _Use.ONE if around.func is node else _Use.OPEN
    if isinstance(around, cst.Attribute):
        return _Use.MANY if around.attr.value in _OF_TUPLES else _Use.ONE
    if isinstance(around, cst.BinaryOperation):
        is_tuple = any(isinstance(side, cst.Tuple) for side in (around.left, around.right))
        return _Use.MANY if is_tuple or isinstance(around.operator, cst.Modulo) else _Use.ONE
    if isinstance(around, cst.Arg) and not around.star and isinstance(chain[-3], cst.Call):
        return _use_by_call(cls, method, chain[-3], around)
    if isinstance(around, cst.UnaryOperation):
        return _Use.ONE
    return _Use.OPEN if isinstance(around, (cst.Return, cst.Expr, cst.FormattedStringExpression)) else _Use.MANY


def _use_by_call(cls: ModuleClass, method: Method, call: cst.Call, argument: cst.Arg) -> _Use:
    """A layer or function that takes the expression; those that are not known may want either."""
    if isinstance(call.func, cst.Name) and hasattr(builtins, call.func.value):
        return _Use.MANY
    found = cls.resolve(dotted(call.func) or "?")
    if isinstance(found, ExternalClass) and found.origin.startswith("torch."):
        path, _, name = found.origin.rpartition(".")
        is_plain = path in ("torch", "torch.nn.functional") and not _TAKE_TUPLES.search(name)
        return _Use.ONE if is_plain else _Use.OPEN
    attribute = self_attribute(call.func, method.receiver)
    layers = cls.layers.by_attribute.get(attribute, ()) if attribute is not None else ()
    takes_one = [_takes_one(cls, layer.cls) for layer in layers if argument is call.args[0]]
    return _Use.ONE if takes_one and all(takes_one) else _Use.OPEN


def _takes_one(cls: ModuleClass, layer: object) -> bool:
    """Whether a layer wants no tuple first: one of torch, or one whose `forward` takes nothing out of its input."""
    if isinstance(layer, TorchClass):
        return True
    forward = cls.registry.model(layer).find_method("forward") if isinstance(layer, ProjectClass) else None
    if forward is None or len(forward.positional) < 2:
        return False
    name = forward.positional[1].name
    found = {_plain_use(chain) for chain in name_occurrences(forward.node.body, name)}
    return _Use.ONE in found and _Use.MANY not in found


def _plain_use(chain: Iterable[cst.CSTNode]) -> _Use:
    """As `_use`, where calls may be of anything that takes a tensor."""
    *_, around, _node = chain
    if isinstance(around, (cst.Arg, cst.Attribute, cst.BinaryOperation)):
        return _Use.MANY if isinstance(around, cst.Arg) and around.star else _Use.ONE
    return _Use.OPEN if isinstance(around, (cst.Return, cst.Call, cst.AssignTarget)) else _Use.MANY


def _computes(cls: ModuleClass, method: Method, call: cst.Call) -> bool:
    flow = cls.flow if method.name == "forward" else None
    value = flow.made.get(call) if flow is not None else None
    if value is None or not value.depends:
        return False
    found = cls.resolve(dotted(call.func) or "?")
    is_torch = isinstance(found, ExternalClass) and found.origin.startswith("torch.")
    return value.kind is Kind.LAYER or is_torch
