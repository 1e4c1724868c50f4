"""How many dimensions the result of a call has, as far as its arguments tell."""

from __future__ import annotations

import re

import libcst as cst

from nn_lint.model.syntax import dotted


def rank_of_sizes(call: cst.Call) -> int | None:
    """`x.view(n, -1)`, `x.reshape((n, -1))` and `torch.reshape(x, (n, -1))`."""
    arguments = call.args
    last = arguments[-1].value if arguments else None
    if isinstance(last, (cst.Tuple, cst.List)):
        starred = any(isinstance(item, cst.StarredElement) for item in last.elements)
        return None if starred else len(last.elements)
    if any(item.star or item.keyword for item in arguments) or len(arguments) < 2:
        return None
    return len(arguments)


def rank_of_flatten(call: cst.Call) -> int | None:
    """`x.flatten(1)`, `torch.flatten(x, 1)`, `torch.flatten(x, start_dim=1)`: what is left is a batch of rows."""
    numbers = [item.value.value for item in call.args if isinstance(item.value, cst.Integer)]
    return int(numbers[0]) + 1 if len(numbers) == 1 and len(call.args) < 3 else None


def rank_of_einsum(call: cst.Call) -> int | None:
    """The letters behind the arrow."""
    first = call.args[0].value if call.args else None
    text = first.evaluated_value if isinstance(first, cst.SimpleString) else None
    found = re.search(r"->([a-zA-Z ]+)$", text) if isinstance(text, str) else None
    return len(found[1].replace(" ", "")) if found is not None else None


def rank_of_reduction(call: cst.Call, given: int) -> int | None:
    """`x.mean(1)`, `x.mean(dim=(2, 3))`: the dimensions that are named are gone, unless they are kept."""
    plain = [item for item in call.args if item.keyword is None]
    named = {item.keyword.value: item.value for item in call.args if item.keyword is not None}
    is_method = isinstance(call.func, cst.Attribute) and dotted(call.func.value) not in ("torch", "F")
    dims = named.get("dim") or next((item.value for item in plain[0 if is_method else 1 :]), None)
    keeps = named.get("keepdim")
    if len(plain) > (1 if is_method else 2) or not set(named) <= {"dim", "keepdim"} or dims is None:
        return None
    count = _count(dims)
    if count is None or (keeps is not None and not isinstance(keeps, cst.Name)):
        return None
    return given if isinstance(keeps, cst.Name) and keeps.value == "True" else given - count if keeps is None else None


def _count(node: cst.BaseExpression) -> int | None:
    items = [item.value for item in node.elements] if isinstance(node, (cst.Tuple, cst.List)) else [node]
    plain = (item.expression if isinstance(item, cst.UnaryOperation) else item for item in items)
    return len(items) if all(isinstance(item, cst.Integer) for item in plain) else None
