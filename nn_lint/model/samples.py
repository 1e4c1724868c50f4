"""What tells that a forward takes one sample at a time, so that the first dimension of its tensors is no batch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.syntax import dotted
from nn_lint.model.torch_calls import given
from nn_lint.model.values import Kind, Value

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_THING = r"(?:sample|image|picture|state|observation|query|vector|example|sentence|document|point|sequence|input|game)"
_SAID = re.compile(
    rf"\b(?:one|single) {_THING}\b|unbatched|without (?:a )?batch|no batch"
    r"|batch(?:es)?(?:[ _]size)? (?:of |is )?(?:one|1)\b|one (?:at a time|by one)|vector of features"
    r"|\(\s*(?:channels?|c)\s*,\s*(?:height|h)\s*,\s*(?:width|w)\s*\)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?:^|[a-z])(?:One|Single)[A-Z]")
_ASKED = re.compile(
    r"(?:shape\[0\]|size\(0\)|len\(\w+\)|\b(?:b|n|bsz?|batch\w*)\b)\s*(?:==|!=|>=?|<=?)\s*[012]\b", re.IGNORECASE
)
_FLAT = frozenset({"flatten", "ravel", "view", "reshape"})
_OVER = frozenset({"mean", "sum", "max", "amax", "min", "amin", "logsumexp", "squeeze", "select"})


def takes_one_sample(cls: ModuleClass) -> bool:
    """Whether the name or a docstring of the class says so, or forward asks for the size of the batch."""
    forward = cls.method("forward")
    texts = (cls.docstring, (forward.node.get_docstring() or "") if forward is not None else "")
    if _NAMED.search(cls.name) or any(map(_SAID.search, texts)):
        return True
    return forward is not None and _asks_for_batch(forward)


def _asks_for_batch(forward: Method) -> bool:
    return _ASKED.search(forward.syntax.text(forward.node)) is not None


def loses_batch(value: Value) -> bool:
    """Whether a value is made without the first dimension of its operand: an item, a mean over it, all in one row."""
    if value.kind is Kind.ITEM:
        if not isinstance(value.node, cst.Subscript):
            return value.node is None and value.index is None
        return isinstance(value.node.slice[0].slice, cst.Index)
    if value.kind is not Kind.OPERATION or not isinstance(value.node, cst.Call):
        return False
    call = value.node
    own = call.args[1:] if isinstance(call.func, cst.Attribute) and dotted(call.func.value) == "torch" else call.args
    if value.name in _FLAT:
        return all(_number(item.value) == "-1" for item in own) and len(own) < 2
    dim = given(call, "dim", len(call.args) - len(own)) if value.name in _OVER else None
    return dim is not None and _number(dim.value) == "0"


def _number(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        inner = _number(node.expression)
        return None if inner is None else f"-{inner}"
    return node.value if isinstance(node, cst.Integer) else None
