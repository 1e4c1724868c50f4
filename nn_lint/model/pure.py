"""Methods that compute something and do nothing else, so that nobody calls them but for their result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.containers import parts
from nn_lint.model.inplace import may_be_told_to_write
from nn_lint.model.layers import Layer
from nn_lint.model.method import Method
from nn_lint.model.syntax import dotted, self_attribute, walk
from nn_lint.project.hierarchy import ExternalClass, ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_DEPTH = 3
_ACTING = (
    cst.AugAssign,
    cst.Raise,
    cst.Assert,
    cst.With,
    cst.Try,
    cst.TryStar,
    cst.While,
    cst.Match,
    cst.Global,
    cst.Nonlocal,
    cst.Del,
    cst.Yield,
    cst.Await,
    cst.Import,
    cst.ImportFrom,
    cst.FunctionDef,
    cst.ClassDef,
    cst.Lambda,
)
"""Statements that write, check, try or set the scene for others; a method with one of them may be called for it."""

_BUILTINS = frozenset("len int float range zip enumerate list tuple min max".split())
_METHODS = frozenset(
    (
        "view permute transpose unsqueeze squeeze masked_fill flatten reshape expand expand_as repeat "
        "repeat_interleave contiguous type_as view_as index_select matmul bmm softmax log_softmax sigmoid tanh relu "
        "clamp size dim numel chunk split unbind sum mean std var amax amin norm pow sqrt rsqrt exp abs square "
        "float to t max min argmax topk gather mul sub div"
    ).split()
)
"""Methods of tensors that give something new."""

_FUNCTIONS = (_METHODS - {"view", "size", "float", "to"}) | frozenset(
    (
        "relu6 leaky_relu elu selu gelu silu mish hardswish softplus normalize layer_norm interpolate max_pool2d "
        "avg_pool2d adaptive_avg_pool2d linear pad cat concat stack add log einsum where zeros ones zeros_like "
        "ones_like arange scaled_dot_product_attention"
    ).split()
)
"""Functions of torch that give something new."""

_OF_PARAMETERS = frozenset("view expand expand_as unsqueeze to type_as mean sum".split())
"""The methods among them that are called on what an instance holds, where others may write."""


def inner_layers(cls: ModuleClass, layer: Layer, depth: int = _DEPTH) -> Iterator[Layer | None]:
    """The layers of torch that a call of a layer runs, those of the project's classes taken apart.

    `None` stands for what is unknown, or may be called for something else than its result.
    """
    for part in parts(cls, layer):
        if part is None or not isinstance(part.cls, ProjectClass):
            yield part
        else:
            yield from _of_class(cls.registry.model(part.cls), depth - 1)


def _of_class(cls: ModuleClass, depth: int) -> Iterator[Layer | None]:
    """What `forward` of a class runs; only for a class that is called as torch calls its own."""
    forward = cls.find_method("forward")
    is_plain = cls.is_certain and not any(map(cls.defines, ("__call__", "__getattr__", "_call_impl")))
    if forward is None or depth == 0 or not is_plain or "forward" in cls.rebound_attributes:
        yield None
    else:
        yield from layers_of_method(cls, forward, depth)


def layers_of_method(cls: ModuleClass, method: Method, depth: int = _DEPTH) -> Iterator[Layer | None]:
    """The layers of torch that a method runs; `None` among them where it may do more than to compute a result."""
    if method.node.decorators or not _gives_result(method) or any(True for _ in walk(method.node.body, *_ACTING)):
        yield None
        return
    for node in walk(method.node.body, cst.AssignTarget, cst.AnnAssign, cst.Call):
        if isinstance(node, cst.Call):
            yield from _of_call(cls, method, node, depth)
        elif isinstance(node, (cst.AssignTarget, cst.AnnAssign)) and not _is_local(node.target):
            yield None


def _gives_result(method: Method) -> bool:
    """Whether it ends with a `return`, and all its `return`s give something other than what it was handed."""
    last = method.statements[-1] if method.statements else None
    found = [node.value for node in walk(method.node.body, cst.Return) if isinstance(node, cst.Return)]
    given = {item.name for item in method.parameters}
    return isinstance(last, cst.Return) and all(
        isinstance(value, (cst.Call, cst.BinaryOperation, cst.Tuple))
        or (isinstance(value, cst.Name) and value.value not in given)
        for value in found
    )


def _is_local(target: cst.CSTNode) -> bool:
    if isinstance(target, (cst.Tuple, cst.List)):
        return all(_is_local(item.value) for item in target.elements)
    return isinstance(target, cst.Name)


def _of_call(cls: ModuleClass, method: Method, node: cst.Call, depth: int) -> Iterator[Layer | None]:
    attribute = self_attribute(node.func, method.receiver)
    own = cls.find_method(attribute) if attribute is not None else None
    if own is not None:
        yield from layers_of_method(cls, own, depth - 1) if depth > 1 else (None,)
    elif attribute is not None:
        layer = cls.layers.only(attribute)
        yield from inner_layers(cls, layer, depth) if layer is not None else (None,)
    elif not _gives_new(cls, method, node):
        yield None


def _gives_new(cls: ModuleClass, method: Method, node: cst.Call) -> bool:
    """Whether a function, or a method of a value at hand, is known to compute and not to write."""
    name = dotted(node.func) or ""
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    if may_be_told_to_write(node, last):
        return False
    if isinstance(node.func, cst.Name) and node.func.value in _BUILTINS:
        return node.func.value not in method.locals
    found = cls.resolve(name) if name and first not in method.locals else None
    if found is not None:
        origins = (f"torch.{last}", f"torch.nn.functional.{last}")
        return last in _FUNCTIONS and isinstance(found, ExternalClass) and found.origin in origins
    called = node.func.attr.value if isinstance(node.func, cst.Attribute) else ""
    return called in (_OF_PARAMETERS if first == method.receiver else _METHODS)
