"""Calls of softmax functions and constructions of softmax layers, and what is known of their dimension."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.ranks import Ranks, rank, told_ranks
from nn_lint.model.syntax import dotted, walk
from nn_lint.project.hierarchy import ExternalClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_FUNCTIONS = frozenset(f"torch.nn.functional.{name}" for name in ("softmax", "log_softmax", "softmin"))
_LAYERS = frozenset({"Softmax", "LogSoftmax", "Softmin"})


@dataclass(frozen=True, slots=True)
class Softmax:
    """One softmax without a dimension. `rank` is that of what it is applied to, where it is known."""

    callee: str
    call: cst.Call
    rank: int | None


def softmaxes_without_dim(cls: ModuleClass) -> Iterator[Softmax]:
    """Every softmax in a class to which no `dim` is given, or `None` as `dim`."""
    for method in cls.methods:
        for node in walk(method.node, cst.Call):
            callee = dotted(node.func) if isinstance(node, cst.Call) else None
            if callee is None or not isinstance(node, cst.Call) or "oft" not in callee:
                continue
            found = cls.resolve(callee)
            if isinstance(found, ExternalClass) and found.origin in _FUNCTIONS and _lacks_dim(node, position=1):
                yield Softmax(callee, node, _rank_of_argument(cls, node))
            elif isinstance(found, TorchClass) and found.name in _LAYERS and _lacks_dim(node, position=0):
                if _is_set_later(cls, node):
                    continue
                yield Softmax(callee, node, _rank_where_used(cls, node))


def _lacks_dim(call: cst.Call, position: int) -> bool:
    if any(item.star for item in call.args):
        return False
    plain = [item.value for item in call.args if item.keyword is None]
    named = [item.value for item in call.args if item.keyword is not None and item.keyword.value == "dim"]
    given = named or plain[position : position + 1]
    return not given or (isinstance(given[0], cst.Name) and given[0].value == "None")


def _rank_of_argument(cls: ModuleClass, call: cst.Call) -> int | None:
    made = cls.flow.made if cls.flow is not None else {}
    value = made.get(call.args[0].value) if call.args else None
    return rank(value, _told(cls)) if value is not None and value.depends else None


def _told(cls: ModuleClass) -> Ranks:
    forward = cls.method("forward")
    return told_ranks(cls.flow, forward) if cls.flow is not None and forward is not None else {}


def _is_set_later(cls: ModuleClass, construction: cst.Call) -> bool:
    """`self.softmax.dim = axis`."""
    names = [name for name, found in cls.layers.own.items() if any(item.call is construction for item in found)]
    return any(re.search(rf"\.{name}\.dim\s*=(?!=)", cls.text) for name in names)


def _rank_where_used(cls: ModuleClass, construction: cst.Call) -> int | None:
    """The rank that a layer of `__init__` meets in forward, where it is the same in all its calls."""
    attribute = next(
        (name for name, found in cls.layers.by_attribute.items() if any(item.call is construction for item in found)),
        None,
    )
    if attribute is None or cls.layers.only(attribute) is None or cls.flow is None:
        return None
    told = _told(cls)
    ranks = {rank(value.operands[0], told) for value in cls.flow.values if value.name == attribute and value.operands}
    return ranks.pop() if len(ranks) == 1 else None
