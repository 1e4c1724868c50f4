"""Whether two layers of a class may disagree on their number of features, whatever the constructor is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nn_lint.project.premises.nodes import last_name
from nn_lint.project.premises.trees import ClassTree

_GIVING = frozenset({"out_features", "out_channels", "embedding_dim", "hidden_size"})
_TAKING = frozenset({"in_features", "in_channels", "num_features", "normalized_shape", "input_size"})
_LAYERS = re.compile(r"Linear|(?:Conv|BatchNorm|ConvTranspose)[123]d|LayerNorm|Embedding|LSTM|GRU|RNN")
_DIVIDED = re.compile(r"Conv(?:Transpose)?[123]d|MultiheadAttention|Transformer(?:En|De)coderLayer|GroupNorm")
_GROUPS_PLACE = 6
_PARTS = frozenset({"d_model", "nhead", "embed_dim", "num_heads", "num_channels", "num_groups"})
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)


def may_disagree(cls: ClassTree) -> bool:
    """A number that one layer gives and one that another takes are numbers that no choice of parameters makes equal.

    Two names are equal for some choice, and so are a name and a number. A layer that goes both ways gives twice its
    number.
    """
    given: dict[str, ast.expr] = {}
    taken: dict[str, ast.expr] = {}
    for node in cls.nodes:
        if isinstance(node, ast.Call) and _LAYERS.fullmatch(last_name(node.func)):
            if any(word.arg == "bidirectional" for word in node.keywords):
                return True
            given.update((ast.dump(item), item) for item in _numbers(node, 1, _GIVING))
            taken.update((ast.dump(item), item) for item in _numbers(node, 0, _TAKING))
    return any(_differ(one, other) for key, one in given.items() for text, other in taken.items() if key != text)


def may_not_divide(cls: ClassTree) -> bool:
    """A layer with heads or groups whose numbers are written out."""
    return any(
        isinstance(node, ast.Call) and _DIVIDED.fullmatch(last_name(node.func)) is not None and _is_divided(node)
        for node in cls.nodes
    )


def _is_divided(call: ast.Call) -> bool:
    """Whether both numbers may be written out; of a convolution's many, the groups."""
    if "Conv" in last_name(call.func):
        numbers = [*call.args[_GROUPS_PLACE:], *(word.value for word in call.keywords if word.arg == "groups")]
        return any(isinstance(item, ast.Constant) and item.value != 1 for item in numbers)
    numbers = [*call.args[:2], *(word.value for word in call.keywords if word.arg in _PARTS)]
    return sum(isinstance(item, ast.Constant) for item in numbers) > 1


def _numbers(call: ast.Call, index: int, names: frozenset[str]) -> Iterator[ast.expr]:
    """The argument of that place or of such a name, where it may be a number that is known."""
    found = [call.args[index]] if len(call.args) > index else []
    found += [word.value for word in call.keywords if word.arg in names]
    return (item for item in found if _is_number(item))


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _OPERATORS) and _is_number(node.left) and _is_number(node.right)
    return isinstance(node, ast.Name)


def _differ(one: ast.expr, other: ast.expr) -> bool:
    is_computed = isinstance(one, ast.BinOp) or isinstance(other, ast.BinOp)
    return is_computed or (isinstance(one, ast.Constant) and isinstance(other, ast.Constant))
