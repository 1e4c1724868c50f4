"""The shortcut that a branch needs, with the widths and the stride by the constructor's own expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.model.residual.arithmetic import Evaluated, UnknownError, are_equal, constant, variables_of
from nn_lint.model.residual.branches import Branch
from nn_lint.model.residual.definitions import constructor_of
from nn_lint.model.residual.layer_steps import Growth, Step, is_always, keeps_size
from nn_lint.model.residual.parts import NORM_PARTS, Part
from nn_lint.model.residual.resizing import Steps, passage
from nn_lint.model.residual.scripts import Function, defaults_of, is_seen, stored_names
from nn_lint.model.values import Kind
from nn_lint.project.extract import dotted
from nn_lint.project.hierarchy import TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_COPIED_NORMS = frozenset(f"{kind}{rank}d" for kind in ("BatchNorm", "InstanceNorm") for rank in (1, 2, 3))
_POOLED_SHORTCUT = re.compile(r"(?:shortcut|downsample|skip)\w*\s*=\s*(?:\w+\.)*Sequential\(\s*(?:\w+\.)*AvgPool2d\(")
_UNREADABLE = "its widths cannot be read"


@dataclass(frozen=True, slots=True)
class Projection:
    """The layers of a shortcut, in order. `condition` is empty where they are always needed.

    `row` is that of the last layer of the branch in the constructor.
    """

    layers: tuple[str, ...]
    condition: str
    identity: str
    sequential: str
    row: int


def derive_shortcut(cls: ModuleClass, branch: Branch, *, follows: bool, trusts: bool) -> Projection | str | None:
    """The projection for a branch, `None` where its input can be added as it is, or why neither can be told.

    `follows`: an activation comes after the sum, so that the shortcut gets the norm of the branch. `trusts`: the author
    saved the input to add it as it is, and is believed where the layers cannot be looked into.
    """
    steps = passage(cls, branch.stream)
    is_trusted = trusts or branch.keeps_width
    if isinstance(steps, str):
        return None if is_trusted and not steps.endswith("changes the size") else steps
    weighted = [step for step in steps if step.width_out is not None]
    if not weighted or weighted[0].width_in is None:
        return None if is_trusted else _UNREADABLE
    found = _Derivation(cls, steps, weighted, follows=follows).shortcut()
    return "its widths may differ" if branch.keeps_width and isinstance(found, Projection) else found


class _Derivation:
    """One branch with its layers, and the constructor that builds them."""

    def __init__(self, cls: ModuleClass, steps: Steps, weighted: Sequence[Step], *, follows: bool) -> None:
        self._cls, self._steps, self._weighted, self._follows = cls, steps, weighted, follows
        constructor = constructor_of(cls)
        assert constructor is not None, "a passage is that of a block with a constructor"
        self._constructor = constructor
        self._last_row = max((step.row for step in steps), default=0)
        called = {f"self.{value.name}" for value in cls.flow.values if value.kind is Kind.LAYER} if cls.flow else set()
        self._last_row = max(
            (row for name, row in stored_names(constructor.body) if name in called), default=self._last_row
        )

    def shortcut(self) -> Projection | str | None:
        """The projection, `None`, or a reason."""
        first, last = self._weighted[0], self._weighted[-1]
        assert first.width_in is not None and last.width_out is not None, "weighted steps have widths"
        strided = [step for step in self._steps if step.stride is not None]
        if not _restores_axes(self._steps):
            return "its result has other axes than its input"
        if not self._keeps_size():
            return "a kernel and its padding change the size, or cannot be read"
        if len(strided) > 1:
            return "more than one layer has a stride"
        same = are_equal(first.formula(first.width_in), last.formula(last.width_out))
        if same and not strided:
            return None
        if len({step.name for step in self._weighted if step.part is Part.WEIGHTS}) != 1:
            return "its layers have different ranks"
        return self._projection(first, last, strided[0] if strided else None, same=same)

    def _keeps_size(self) -> bool:
        """Whether the layers, the stride aside, give the size that they get; those before a stride by themselves."""
        defaults = _numbers(self._constructor)
        pending: list[Growth] = []
        for step in self._steps:
            if step.growth_formula is None or (
                step.stride is not None and step.pools and is_always(step.growth_formula[1], 0)
            ):
                continue
            pending.append(step.growth_formula)
            if step.stride is not None:
                if not keeps_size(pending, defaults):
                    return False
                pending = []
        return keeps_size(pending, defaults)

    def _projection(self, first: Step, last: Step, strided: Step | None, *, same: bool) -> Projection | str:
        prefix = self._prefix()
        assert first.width_in is not None and last.width_out is not None, "weighted steps have widths"
        width_in, width_out = self._text(first, first.width_in), self._text(last, last.width_out)
        stride = self._text(strided, strided.stride) if strided is not None and strided.stride is not None else ""
        if prefix is None:
            return "`nn.Identity` and `nn.Sequential` are not imported"
        if not (is_seen(first.formula(first.width_in)) and is_seen(last.formula(last.width_out))):
            return _UNREADABLE
        if width_in is None or width_out is None or stride is None:
            return "the constructor computes the widths or the stride on the way"
        pool = self._pool(prefix, strided, stride)
        size = "" if first.name == "Linear" else ", kernel_size=1"
        extra = f", stride={stride}" if stride and not pool else ""
        layer = f"{prefix}{first.name}({width_in}, {width_out}{size}{extra}, bias=False)"
        layers = [pool] if pool else []
        if not (same and pool):
            layers += [layer, *self._norm(prefix, last, width_out)]
        widths = ("", "") if same else (_grouped(width_in, first.width_in), _grouped(width_out, last.width_out))
        condition = _condition(widths, strided, stride)
        return Projection(tuple(layers), condition, f"{prefix}Identity()", f"{prefix}Sequential", self._last_row)

    def _prefix(self) -> str | None:
        """How the file writes `torch.nn.`, by the base of the class or by its layers."""
        calls = [dotted(step.call.func) for step in self._steps if step.call is not None]
        spelled = dict.fromkeys(name[: name.rfind(".") + 1] for name in (*self._cls.facts.bases, *calls, "nn."))
        needed = (self._weighted[0].name, "Identity", "Sequential")
        return next(
            (
                prefix
                for prefix in spelled
                if all(self._cls.resolve(f"{prefix}{name}") == TorchClass(name) for name in needed)
            ),
            None,
        )

    def _pool(self, prefix: str, strided: Step | None, stride: str) -> str:
        """An average over patches instead of a stride, where the branch or another block of the file has it so."""
        if strided is None or strided.call is None:
            return ""
        if strided.pools:
            return f"{prefix}{strided.name}({stride})"
        if self._weighted[0].name == "Conv2d" and _POOLED_SHORTCUT.search(self._cls.definition.file.text.content):
            return f"{prefix}AvgPool2d({stride}, {stride}, ceil_mode=True, count_include_pad=False)"
        return ""

    def _norm(self, prefix: str, last: Step, width: str) -> Sequence[str]:
        """The norm behind the last convolution, copied only where an activation follows the sum."""
        index = self._steps.index(last) + 1
        following = self._steps[index] if index < len(self._steps) else None
        if not self._follows or following is None or following.part not in NORM_PARTS or following.call is None:
            return ()
        if following.name in _COPIED_NORMS:
            return (f"{prefix}{following.name}({width})",)
        given = following.call.args
        callee = self._text(following, following.call.func)
        takes_width = len(given) == 1 and not following.call.keywords and last.width_out is not None
        if following.name or callee is None or not takes_width:
            return ()
        assert last.width_out is not None, "asked above"
        same = are_equal(following.formula(given[0]), last.formula(last.width_out))
        return (f"{callee}({width})",) if same else ()

    def _text(self, step: Step, node: ast.expr) -> str | None:
        """An expression as it can be written behind the last layer; `None` where its names differ there."""
        text = ast.unparse(node)
        if is_seen(node) and self._holds(node, step.row):
            return text
        formula = step.formula(node)
        return ast.unparse(formula) if is_seen(formula) and self._holds(formula, 0) else None

    def _holds(self, node: ast.expr, row: int) -> bool:
        """Whether the names of an expression are known, and bound nowhere between a row and the last layer."""
        read = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
        dotted_names = {ast.unparse(item) for item in ast.walk(node) if isinstance(item, ast.Attribute)}
        stored = {name for name, at in stored_names(self._constructor.body) if row < at <= self._last_row}
        return not stored & (read | dotted_names) and read <= self._names()

    def _names(self) -> set[str]:
        arguments = self._constructor.args
        parameters = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        bound = {name for name, _ in stored_names(self._constructor.body)}
        here = set(self._cls.definition.file.facts.bindings)
        return {item.arg for item in parameters} | bound | here | {"int", "max", "min", "round", "len"}


def _condition(widths: tuple[str, str], strided: Step | None, stride: str) -> str:
    """When the input cannot be added as it is; empty where that is always so. Equal widths are empty."""
    conditions = []
    if strided is not None and strided.stride is not None:
        if not variables_of(strided.formula(strided.stride)):
            return ""
        ones = f"({', '.join('1' for _ in strided.stride.elts)})" if isinstance(strided.stride, ast.Tuple) else "1"
        conditions.append(f"{_grouped(stride, strided.stride)} != {ones}")
    if widths[0] != widths[1]:
        if widths[0].isdigit() and widths[1].isdigit():
            return ""
        conditions.append(f"{widths[0]} != {widths[1]}")
    return " or ".join(conditions)


def _grouped(text: str, node: ast.expr) -> str:
    return f"({text})" if isinstance(node, (ast.IfExp, ast.BoolOp, ast.Compare)) else text


def _restores_axes(steps: Steps) -> bool:
    """Whether exchanges of axes undo each other."""
    pending: list[Step] = []
    for step in steps:
        if not step.shape:
            continue
        if pending and _undoes(pending[-1], step):
            pending.pop()
        else:
            pending.append(step)
    return not pending


def _undoes(first: Step, second: Step) -> bool:
    if first.name == "permute" == second.name:
        axes = first.shape
        return len(axes) == len(second.shape) and all(
            second.shape[axis] == place for place, axis in enumerate(axes) if 0 <= axis < len(axes)
        )
    return first.name == second.name and set(first.shape) == set(second.shape)


def _numbers(constructor: Function) -> Mapping[str, Evaluated]:
    """The numbers that parameters have by default."""
    found: dict[str, Evaluated] = {}
    for name, value in defaults_of(constructor).items():
        with suppress(UnknownError):
            found[name] = constant(value)
    return {name: value for name, value in found.items() if value is not None}
