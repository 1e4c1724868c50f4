"""The dimensions of tensors in forward by name: from `b, t, c = x.shape` on, through views and transposings.

A dimension is the name of the tensor and the place that it was unpacked from (`x#0.1`), another name (`=self.heads`),
a number, or `None` for an unknown one. Only straight code is followed: what a block under a condition or in a loop
binds is unknown behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import ACTIVATIONS, PASSIVE
from nn_lint.model.method import bound_names
from nn_lint.model.syntax import children, dotted, self_attribute, simple_statements, walk

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

Dim = str | int | None
Shape = tuple[Dim, ...]

_KEPT_METHODS = frozenset(
    "contiguous float half to clone relu sigmoid tanh gelu softmax log_softmax exp type_as detach masked_fill".split()
)
_KEPT_FUNCTIONS = frozenset("relu gelu silu sigmoid tanh softmax log_softmax dropout leaky_relu elu".split())
_KEPT_LAYERS = ACTIVATIONS | PASSIVE | {"LayerNorm", "Softmax"}
_MOVING = frozenset("transpose_ swapaxes_ swapdims_ t_ unsqueeze_ squeeze_ resize_ set_".split())
_VIEWS = frozenset({"view", "reshape"})


_LEFT_OUT = "_"


def is_left_out(dim: Dim) -> bool:
    """Whether a dimension was unpacked into `_`."""
    return isinstance(dim, str) and dim.endswith(_LEFT_OUT) and "#" in dim


@dataclass(frozen=True, slots=True)
class View:
    """A `view` or `reshape` of a tensor whose dimensions are known, with what each argument stands for."""

    call: cst.Call
    shape: Shape
    asked: tuple[cst.BaseExpression, ...]
    dims: tuple[Dim | tuple[str, ...], ...]


def views(cls: ModuleClass, method: Method) -> Iterator[View]:
    """Every view of a tensor of known dimensions, in the order of the text."""
    tracer = _Tracer(cls, method)
    tracer.run(method.node.body)
    yield from tracer.views


class _Tracer:
    """Follows the statements of one method."""

    def __init__(self, cls: ModuleClass, method: Method) -> None:
        self._cls = cls
        self._method = method
        self._shapes: dict[str, Shape] = {}
        self._dims: dict[str, str] = {}
        self._bindings = Counter(bound_names(method.node.body))
        self._tensors = 0
        self._skewed: set[str] = set()
        self.views: list[View] = []

    def run(self, body: cst.BaseSuite) -> None:
        """Follow a block; what inner blocks bind is unknown afterwards."""
        for statement in simple_statements(body):
            if isinstance(statement, cst.Assign):
                self._assign(statement)
            elif isinstance(statement, (cst.Expr, cst.Return)) and statement.value is not None:
                self._shape(statement.value)
                self._forget(set(_moved_in_place(statement.value)))
            elif isinstance(statement, cst.With):
                self.run(statement.body)
            else:
                self._enter(statement)

    def _enter(self, statement: cst.CSTNode) -> None:
        bound = set(bound_names(statement))
        self._forget(bound)
        before = dict(self._shapes), dict(self._dims)
        is_branch = isinstance(statement, cst.If)
        blocks = [item for item in walk(statement, cst.IndentedBlock) if is_branch and _is_outer(item, statement)]
        for block in blocks:
            if isinstance(block, cst.IndentedBlock):
                self.run(block)
                self._shapes, self._dims = dict(before[0]), dict(before[1])

    def _forget(self, names: set[str]) -> None:
        for name in names:
            self._shapes.pop(name, None)
            self._dims.pop(name, None)

    def _assign(self, node: cst.Assign) -> None:
        target = node.targets[0].target
        source = _shape_source(node.value)
        if isinstance(target, (cst.Tuple, cst.List)) and source is not None and len(node.targets) == 1:
            self._unpack(target, source)
            return
        if isinstance(target, (cst.Tuple, cst.List)) and len(node.targets) == 1:
            self._share_out(target, node.value)
            return
        self._forget(set(bound_names(node.value)))
        found = self._shape(node.value)
        dim = self._dim(node.value)
        if isinstance(target, cst.Name) and _is_padded(node.value):
            self._skewed.add(target.value)
        self._forget({name for item in node.targets for name in _names(item.target)})
        if isinstance(target, cst.Name) and len(node.targets) == 1:
            if found is not None:
                self._shapes[target.value] = found
            if isinstance(dim, str):
                self._dims[target.value] = dim

    def _share_out(self, target: cst.Tuple | cst.List, value: cst.BaseExpression) -> None:
        """`q, k, v = qkv[0], qkv[1], qkv[2]` and `q, k, v = qkv.unbind(0)`."""
        parts = value.elements if isinstance(value, (cst.Tuple, cst.List)) else ()
        shapes = [self._shape(item.value) for item in parts]
        if not parts:
            shapes = [self._shape(value)] * len(target.elements)
        self._forget(set(_names(target)))
        if len(shapes) == len(target.elements):
            for item, shape in zip(target.elements, shapes):
                if shape is not None and isinstance(item.value, cst.Name):
                    self._shapes[item.value.value] = shape

    def _unpack(self, target: cst.Tuple | cst.List, source: str) -> None:
        names = [item.value.value if isinstance(item.value, cst.Name) else None for item in target.elements]
        self._forget({name for name in names if name is not None})
        if source in self._skewed or any(isinstance(item, cst.StarredElement) for item in target.elements):
            return
        shape = self._shapes.get(source)
        if shape is None or len(shape) != len(names):
            ends = (_LEFT_OUT if name == _LEFT_OUT else "" for name in names)
            shape = tuple(f"{source}#{self._tensors}.{index}{end}" for index, end in enumerate(ends))
            self._tensors += 1
            self._shapes[source] = shape
        for name, dim in zip(names, shape):
            if name is not None and name != _LEFT_OUT and isinstance(dim, str):
                self._dims[name] = dim

    def _dim(self, node: cst.BaseExpression) -> Dim:
        """What a size stands for: a name that was unpacked, `x.size(1)`, `x.shape[1]`, a number."""
        if isinstance(node, cst.Name):
            own = f"={node.value}" if self._bindings[node.value] < 2 else None
            return self._dims.get(node.value, own)
        if isinstance(node, cst.Attribute) and self_attribute(node, self._method.receiver) is not None:
            return f"={dotted(node)}"
        if isinstance(node, cst.Integer):
            return int(node.value, 0)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.FloorDivide):
            named = [item.value for item in walk(node, cst.Name) if isinstance(item, cst.Name)]
            is_fixed = all(self._bindings[name] < 2 for name in named)
            return f"={self._method.syntax.text(node)}" if is_fixed else None
        index = None
        source = None
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "size":
            source, index = dotted(node.func.value), node.args[0].value if len(node.args) == 1 else None
        elif isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
            source, index = _shape_source(node.value), node.slice[0].slice.value
        shape = self._shapes.get(source or "")
        number = int(index.value, 0) if isinstance(index, cst.Integer) else None
        return shape[number] if shape is not None and number is not None and number < len(shape) else None

    def _asked(self, node: cst.BaseExpression) -> Dim | tuple[str, ...]:
        """A size of a view; a product of known ones is all of them."""
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
            sides = (self._asked(node.left), self._asked(node.right))
            if any(side is None or isinstance(side, int) for side in sides):
                return None
            return tuple(part for side in sides for part in (side if isinstance(side, tuple) else (str(side),)))
        return self._dim(node)

    def _shape(self, node: cst.BaseExpression) -> Shape | None:
        """The dimensions of an expression; the views in it are kept on the way."""
        if isinstance(node, cst.Name):
            return self._shapes.get(node.value)
        if isinstance(node, cst.Call):
            return self._of_call(node)
        if isinstance(node, cst.BinaryOperation):
            return self._of_operation(node)
        if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
            whole = self._shape(node.value)
            is_item = isinstance(node.slice[0].slice.value, cst.Integer)
            return whole[1:] if whole is not None and is_item else None
        for child in children(node):
            for inner in walk(child, cst.Call, into_scopes=False):
                if isinstance(inner, cst.Call):
                    self._of_call(inner)
        return None

    def _of_operation(self, node: cst.BinaryOperation) -> Shape | None:
        left, right = self._shape(node.left), self._shape(node.right)
        if isinstance(node.operator, cst.MatrixMultiply):
            is_known = left is not None and right is not None and len(left) == len(right) > 1
            return (*left[:-1], right[-1]) if is_known and left is not None and right is not None else None
        if isinstance(node.operator, (cst.Add, cst.Subtract, cst.Multiply, cst.Divide)):
            is_scaled = isinstance(node.right, (cst.Float, cst.Integer)) or self_attribute(node.right, "self")
            return left if left is not None and (left == right or is_scaled) else None
        return None

    def _of_call(self, node: cst.Call) -> Shape | None:
        name = node.func.attr.value if isinstance(node.func, cst.Attribute) else dotted(node.func) or ""
        inner = [self._shape(item.value) for item in node.args]
        first = inner[0] if inner else None
        attribute = self_attribute(node.func, self._method.receiver)
        if attribute is not None:
            return self._of_layer(attribute, first)
        origin = dotted(node.func) or ""
        if origin.startswith(("F.", "torch.", "nn.functional.")):
            if name in ("matmul", "bmm") and len(inner) == 2 and inner[0] and inner[1]:
                return (*inner[0][:-1], inner[1][-1]) if len(inner[0]) == len(inner[1]) else None
            return first if name in _KEPT_FUNCTIONS else None
        shape = self._shape(node.func.value) if isinstance(node.func, cst.Attribute) else None
        if shape is None and name in _VIEWS:
            shape = self._implied(node)
        if shape is None or any(item.star or item.keyword for item in node.args) and name in _VIEWS | {"permute"}:
            return None
        if name in _VIEWS:
            return self._view(node, shape)
        if name in ("transpose", "swapaxes"):
            return _swapped(shape, [_number(item.value, len(shape)) for item in node.args])
        if name == "permute":
            return _permuted(shape, [_number(item, len(shape)) for item in _sizes(node)])
        if name == "unbind" and [self._method.syntax.text(item.value) for item in node.args] in ([], ["0"]):
            return shape[1:]
        return shape if name in _KEPT_METHODS else None

    def _of_layer(self, attribute: str, first: Shape | None) -> Shape | None:
        layer = self._cls.layers.only(attribute)
        name = layer.torch_name if layer is not None else None
        if first is None or name is None:
            return None
        if name == "Linear":
            return (*first[:-1], None)
        return first if name in _KEPT_LAYERS else None

    def _implied(self, node: cst.Call) -> Shape | None:
        """The dimensions of `x` in `x.view(x.size(0), x.size(2), x.size(1))`: the sizes asked for are all there are."""
        source = node.func.value if isinstance(node.func, cst.Attribute) else None
        places = [_place(item, source.value) if isinstance(source, cst.Name) else None for item in _sizes(node)]
        order = list(range(len(places)))
        if len(places) < 3 or None in places or places == order or sorted(item or 0 for item in places) != order:
            return None
        assert isinstance(source, cst.Name), "only names have places"
        shape = tuple(f"{source.value}#{self._tensors}.{index}" for index in range(len(places)))
        self._tensors += 1
        self._shapes[source.value] = shape
        return shape

    def _view(self, node: cst.Call, shape: Shape) -> Shape | None:
        asked = _sizes(node)
        dims = tuple(self._asked(item) for item in asked)
        self.views.append(View(node, shape, asked, dims))
        return tuple(item if isinstance(item, (str, int)) and item != -1 else None for item in dims)


def _is_outer(block: cst.CSTNode, statement: cst.CSTNode) -> bool:
    """Whether a block is a branch of this very condition."""
    current: cst.CSTNode | None = statement
    while isinstance(current, cst.If):
        if current.body is block:
            return True
        current = current.orelse
    return isinstance(current, cst.Else) and current.body is block


def _moved_in_place(node: cst.BaseExpression) -> Iterator[str]:
    """`x` of `x.transpose_(1, 2)`."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _MOVING:
        yield from _names(node.func.value)


def _is_padded(node: cst.BaseExpression) -> bool:
    """Whether a tensor was padded or joined: views of those in another order shift rows on purpose."""
    calls = (item for item in walk(node, cst.Call) if isinstance(item, cst.Call))
    return any((dotted(item.func) or "").lower().endswith(("pad", "cat", "pad1d", "pad2d")) for item in calls)


def _names(target: cst.CSTNode) -> Iterator[str]:
    yield from (node.value for node in walk(target, cst.Name) if isinstance(node, cst.Name))


def _shape_source(node: cst.BaseExpression) -> str | None:
    """`x` for `x.shape` and `x.size()`."""
    if isinstance(node, cst.Call) and not node.args and isinstance(node.func, cst.Attribute):
        is_size = node.func.attr.value == "size" and isinstance(node.func.value, cst.Name)
        return dotted(node.func.value) if is_size else None
    is_shape = isinstance(node, cst.Attribute) and node.attr.value == "shape" and isinstance(node.value, cst.Name)
    return dotted(node.value) if is_shape and isinstance(node, cst.Attribute) else None


def _place(node: cst.BaseExpression, name: str) -> int | None:
    """1 for `x.size(1)` and `x.shape[1]` of the name."""
    index: cst.BaseExpression | None = None
    source: str | None = None
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "size":
        source, index = dotted(node.func.value), node.args[0].value if len(node.args) == 1 else None
    elif isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        source, index = _shape_source(node.value), node.slice[0].slice.value
    return int(index.value, 0) if source == name and isinstance(index, cst.Integer) else None


def _sizes(call: cst.Call) -> tuple[cst.BaseExpression, ...]:
    """`view(a, b)` and `view((a, b))`."""
    if len(call.args) == 1 and isinstance(call.args[0].value, (cst.Tuple, cst.List)):
        return tuple(item.value for item in call.args[0].value.elements)
    return tuple(item.value for item in call.args)


def _number(node: cst.BaseExpression, count: int) -> int | None:
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        inner = _number(node.expression, count)
        return None if inner is None else count - inner
    return int(node.value, 0) if isinstance(node, cst.Integer) else None


def _swapped(shape: Shape, places: Sequence[int | None]) -> Shape | None:
    if len(places) != 2 or any(item is None or item >= len(shape) for item in places):
        return None
    order = list(range(len(shape)))
    first, second = places[0] or 0, places[1] or 0
    order[first], order[second] = order[second], order[first]
    return tuple(shape[index] for index in order)


def _permuted(shape: Shape, places: Sequence[int | None]) -> Shape | None:
    known = [item for item in places if item is not None]
    return tuple(shape[index] for index in known) if sorted(known) == list(range(len(shape))) else None
