"""What the text of a forward tells of its inputs: the axes of each, and which are lists or dictionaries."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Optional, Set, Tuple

from .objects import seen_as
from .subjects import Target
from .usage import is_name, iterates, methods_of
from .vocabulary import axes_of

EINOPS = {"rearrange", "reduce", "repeat"}
_AXES = r"[\(\[]\s*((?:[A-Za-z]\w{0,11})(?:\s*[,x]\s*[A-Za-z0-9]\w{0,11})+)\s*[\)\]]"
_NO_AXES = {"optional", "tensor", "default", "required", "int", "float", "bool", "str", "list", "none", "torch"}


@dataclass
class Reading:
    """By parameter: the names of its axes as far as they have any, the keys that are read from it, and the number of
    items where it is unpacked or gone through."""

    axes: Dict[str, Tuple[str, ...]] = field(default_factory=dict)
    keys: Dict[str, List[str]] = field(default_factory=dict)
    items: Dict[str, int] = field(default_factory=dict)


def read_forward(target: Target) -> Reading:
    """What the forward of a class, or the one that it inherits, does with its parameters before it binds them anew."""
    reading = Reading()
    home = next(filter(None, (seen_as(target, cls) for cls in target.cls.__mro__ if "forward" in cls.__dict__)), None)
    method = None if home is None else methods_of(home.node).get("forward")
    if home is None or method is None:
        return reading
    names = [each.arg for each in [*method.args.args[1:], *method.args.kwonlyargs]]
    bound: Set[str] = set()
    for statement in method.body:
        for name in names:
            if name not in bound:
                for node in ast.walk(statement):
                    note(reading, node, name)
        bound.update(
            node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
    for text in filter(None, (ast.get_docstring(method), ast.get_docstring(home.node))):
        for name in names:
            reading.axes.setdefault(name, described_axes(text, name))
    if len(names) > 1:
        for name in names:
            reading.axes[name] = reading.axes.get(name) or axes_of(name)
    reading.axes = {name: axes for name, axes in reading.axes.items() if axes}
    reading.keys = {name: keys for name, keys in reading.keys.items() if keys}
    return reading


def note(reading: Reading, node: ast.AST, name: str) -> None:
    """Enter what one node tells of a parameter."""
    axes = next(filter(None, (unpacked_axes(node, name), pattern_axes(node, name), permuted_axes(node, name))), None)
    if axes is not None:
        reading.axes.setdefault(name, axes)
    if isinstance(node, (ast.For, ast.comprehension)) and iterates(node.iter, name):
        reading.items.setdefault(name, 0)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and is_name(node.value, name):
        reading.items[name] = len(node.targets[0].elts)
    if isinstance(node, ast.Subscript) and is_name(node.value, name) and isinstance(node.slice, ast.Constant):
        key, known = node.slice.value, reading.keys.setdefault(name, [])
        known.extend([key] if isinstance(key, str) and key not in known else [])


def unpacked_axes(node: ast.AST, name: str) -> Optional[Tuple[str, ...]]:
    """`b, c, h, w = x.shape`, or `x.size()`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Tuple):
        return None
    value = node.value.func if isinstance(node.value, ast.Call) and not node.value.args else node.value
    if not isinstance(value, ast.Attribute) or value.attr not in ("shape", "size") or not is_name(value.value, name):
        return None
    targets = node.targets[0].elts
    if any(isinstance(each, ast.Starred) for each in targets):
        return None
    return tuple(each.id if isinstance(each, ast.Name) else "" for each in targets)


def pattern_axes(node: ast.AST, name: str) -> Optional[Tuple[str, ...]]:
    """`rearrange(x, "b c (h p) w -> ...")`: an axis that is taken apart has no name of its own."""
    if not isinstance(node, ast.Call) or len(node.args) < 2 or not is_name(node.args[0], name):
        return None
    function, pattern = node.func, node.args[1]
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called not in EINOPS or not isinstance(pattern, ast.Constant) or not isinstance(pattern.value, str):
        return None
    left = re.sub(r"\([^)]*\)", "_", pattern.value.partition("->")[0])
    return None if "..." in left or "*" in left else tuple(left.split())


def permuted_axes(node: ast.AST, name: str) -> Optional[Tuple[str, ...]]:
    """`x.permute(0, 3, 1, 2)`: as many axes as it lists."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_name(node.func.value, name):
        whole = all(isinstance(each, ast.Constant) for each in node.args)
        if node.func.attr == "permute" and len(node.args) > 1 and whole:
            return ("",) * len(node.args)
    return None


def described_axes(text: str, name: str) -> Tuple[str, ...]:
    """`x: (B, C, H, W)`, as docstrings put it; none where there is nothing of the kind."""
    for found in re.finditer(rf"^[\W\s]*{re.escape(name)}\b(.{{0,120}})", text, re.MULTILINE):
        for axes in groups_in(found.group(1)):
            return axes
    return ()


def groups_in(text: str) -> Iterator[Tuple[str, ...]]:
    """Lists of axes in brackets."""
    for group in re.finditer(_AXES, text):
        axes = tuple(re.split(r"\s*[,x]\s*", group.group(1)))
        if not any(axis.lower() in _NO_AXES for axis in axes):
            yield axes
