"""Mistakes planted in classes that run: each must be told at its own line, and none may be called fine."""

from __future__ import annotations

import ast
import builtins
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from verify_classes import definition

from nn_lint.verify.verdict import Subject

KINDS = ("wrong channel number", "missing self.", "undefined attribute", "no return")
_CHANNELS = {"Conv1d": 0, "Conv2d": 0, "Conv3d": 0, "Linear": 0, "BatchNorm1d": 0, "BatchNorm2d": 0}
_PLAIN = (ast.Assign, ast.Return, ast.Expr, ast.AugAssign)
_PERHAPS = (ast.IfExp, ast.BoolOp, ast.Lambda, ast.comprehension)
_HANDED = ("parameters", "state_dict", "register_forward_hook", "device", "training", "to")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A class with one mistake: its kind, the text before and after, and the rows that may be told.

    A wrong channel number shows where the layer is called; those rows count beside the one of the mistake itself.
    """

    kind: str
    before: Subject
    after: Subject
    rows: tuple[int, ...]


def plant(subject: Subject, chance: random.Random) -> Iterator[Mutant]:
    """One mutant of each kind that the class has room for."""
    node = definition(subject)
    methods = {} if node is None else {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
    forward, init = methods.get("forward"), methods.get("__init__")
    if forward is None:
        return
    lines = subject.text.splitlines(keepends=True)
    for kind, edits in zip(
        KINDS,
        (_channels(init, forward), _without_self(forward, subject), _misspelt(forward, subject), _no_return(forward)),
    ):
        if edits:
            row, start, end, text, rows = chance.choice(edits)
            whole = lines[row - 1].encode()
            changed = [*lines[: row - 1], (whole[:start] + text.encode() + whole[end:]).decode(), *lines[row:]]
            yield Mutant(kind, subject, replace(subject, text="".join(changed)), rows)


_Edit = tuple[int, int, int, str, tuple[int, ...]]


def _channels(init: ast.FunctionDef | None, forward: ast.FunctionDef) -> Sequence[_Edit]:
    """Layers in `__init__` whose number of incoming channels is written out, called once by `forward` itself."""
    edits: list[_Edit] = []
    for node in ast.walk(init) if init is not None else ():
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1):
            continue
        function, target = node.value.func, node.targets[0]
        kind = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if kind not in _CHANNELS or not node.value.args or not isinstance(target, ast.Attribute):
            continue
        size = node.value.args[0]
        calls = [
            part.lineno for part in ast.walk(forward) if isinstance(part, ast.Call) and _is_own(part.func, target.attr)
        ]
        if size.lineno == size.end_lineno and size.end_col_offset and not isinstance(size, ast.Starred) and calls:
            text = f"({ast.unparse(size)}) + 1"
            edits.append((size.lineno, size.col_offset, size.end_col_offset, text, (size.lineno, *calls)))
    return sorted(edits)[1:]  # the first layer's width is a matter of the input: no run can tell that it is wrong


def _without_self(forward: ast.FunctionDef, subject: Subject) -> Sequence[_Edit]:
    """Calls of own layers in plain statements of `forward`, which lose their `self.`."""
    found = [node for node in _own_calls(forward) if not _is_global(node.attr, subject)]
    return [(node.lineno, node.col_offset, node.col_offset + 5, "", (node.lineno,)) for node in found]


def _misspelt(forward: ast.FunctionDef, subject: Subject) -> Sequence[_Edit]:
    """Names of own layers, misspelt in `forward`."""
    edits: list[_Edit] = []
    for node in _own_calls(forward):
        name = f"{node.attr[:-1]}_{node.attr[-1]}x"
        if name not in subject.text and node.end_col_offset:
            edits.append((node.lineno, node.col_offset + 5, node.end_col_offset, name, (node.lineno,)))
    return edits


def _no_return(forward: ast.FunctionDef) -> Sequence[_Edit]:
    """The only `return` of a `forward`, at its end, of a plain expression on one line."""
    returns = [node for node in ast.walk(forward) if isinstance(node, ast.Return)]
    last = forward.body[-1]
    if returns != [last] or not isinstance(last, ast.Return) or last.value is None:
        return []
    rows = tuple(range(forward.lineno, (forward.end_lineno or forward.lineno) + 1))
    return [(last.lineno, last.col_offset, last.value.col_offset, "", rows)] if last.value.lineno == last.lineno else []


def _own_calls(forward: ast.FunctionDef) -> list[ast.Attribute]:
    """`self.layer` where it is called in statements that every run passes."""
    found: list[ast.Attribute] = []
    for statement in forward.body:
        if any(isinstance(node, ast.Return) for node in ast.walk(statement)) and statement is not forward.body[-1]:
            break
        nodes = list(ast.walk(statement))
        if isinstance(statement, _PLAIN) and not any(isinstance(node, _PERHAPS) for node in nodes):
            calls = [node.func for node in nodes if isinstance(node, ast.Call) and _is_own(node.func)]
            found += [node for node in calls if isinstance(node, ast.Attribute) and node.lineno == node.end_lineno]
    return [node for node in found if node.attr not in _HANDED and len(node.attr) > 1]


def _is_global(name: str, subject: Subject) -> bool:
    """Whether a name would mean something without `self.`."""
    bound = re.search(
        rf"^(?:def|class) {name}\b|^\s*(?:from .*)?import .*\b{name}\b|^{name}\b", subject.text, re.MULTILINE
    )
    return bound is not None or hasattr(builtins, name)


def _is_own(node: ast.expr, name: str | None = None) -> bool:
    plain = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return plain and (name is None or node.attr == name)  # type: ignore[attr-defined]
