"""Inputs of a transformer's branches that are saved and never added, in blocks that add something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.method import Method, names
from nn_lint.model.residual.names import COPY
from nn_lint.model.residual.routes import Stream, adds_its_input, main_stream, stream_between
from nn_lint.model.residual.transformer import kinds_of_part
from nn_lint.model.syntax import walk
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_DETOURS = (cst.For, cst.While, cst.FunctionDef, cst.Lambda, cst.Try, cst.With)


@dataclass(frozen=True, slots=True)
class UnusedCopy:
    """`shortcut = x` before a branch that goes on without it. `branch` is the way from what is saved to its end."""

    name: str
    statement: cst.Assign
    branch: Stream


def unused_copies(cls: ModuleClass) -> Iterator[UnusedCopy]:
    """The saved inputs of branches that nobody reads before the name is used for another, or at all."""
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or len(flow.returned) != 1:
        return
    copies = tuple(_dead_copies(forward))
    stream = main_stream(cls) if copies and not any(True for _ in walk(forward.node.body, *_DETOURS)) else None
    if stream is None or not any(stream.is_addition(meeting) for meeting in stream.meetings):
        return
    for name, statement in copies:
        value = flow.made.get(statement.value)
        branch = _branch(stream, value) if value is not None and value in stream.spine else None
        if branch is not None and _is_sublayer(cls, branch):
            yield UnusedCopy(name, statement, branch)


def _dead_copies(forward: Method) -> Iterator[tuple[str, cst.Assign]]:
    statements = forward.statements
    for index, statement in enumerate(statements):
        if isinstance(statement, cst.Assign) and isinstance(statement.value, cst.Name):
            name = _target(statement)
            if name is not None and COPY.fullmatch(name) and not _is_read(name, statements[index + 1 :]):
                yield name, statement


def _target(statement: cst.CSTNode) -> str | None:
    if not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0].target
    return target.value if isinstance(target, cst.Name) else None


def _is_read(name: str, statements: Sequence[cst.CSTNode]) -> bool:
    """Whether statements name it in any way before one that only gives it another value."""
    for statement in statements:
        mentioned = sum(item.value == name for item in names(statement))
        if mentioned:
            return mentioned > 1 or _target(statement) != name
    return False


def _branch(stream: Stream, value: Value) -> Stream | None:
    """The way from a saved value to where the next sum parts, or to the result; every step of it on the spine."""
    rest = stream_between(value, stream.result)
    sums = [meeting.value for meeting in rest.meetings if rest.is_addition(meeting)]
    spine = [item for item in rest.spine if not sums or item not in _from(rest, sums[0])]
    if sums and sums[0] not in rest.spine:
        return None
    branch = stream_between(value, spine[-1])
    open_ways = any(meeting.is_raw for meeting in branch.meetings)
    unclear = any(item.kind in (Kind.CHOICE, Kind.UNKNOWN) for item in branch.values)
    return None if open_ways or unclear or len(branch.values) == 1 else branch


def _from(stream: Stream, value: Value) -> Sequence[Value]:
    """The values of a stream that are not made before a sum."""
    return stream.values[stream.values.index(value) :]


def _is_sublayer(cls: ModuleClass, branch: Stream) -> bool:
    """A norm and then attention or a feed-forward part, all of them seen, none of which adds what it gets."""
    called = [value for value in branch.values if value.kind is Kind.LAYER]
    kinds = [tuple(kinds_of_part(cls, value)) for value in called]
    if not kinds or kinds[0][:1] != ("norm",) or not any({"attention", "feed-forward"} & {*kind} for kind in kinds):
        return False
    is_seen = all(
        value.layer is not None and isinstance(value.layer.cls, (TorchClass, ProjectClass)) for value in called
    )
    return is_seen and not any(adds_its_input(cls, value, branch) for value in called)
