"""Whether a class of the project rectifies what its forward is given in place, so that its caller's tensor changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.model.memory import Memory
from nn_lint.model.places import Places
from nn_lint.model.values import Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.inplace import InPlace
    from nn_lint.model.module_class import ModelRegistry, ModuleClass


@dataclass(frozen=True, slots=True)
class ChildWrite:
    """A write into the first input of a forward: the function, its text, and whether the input is given back."""

    function: str
    text: str
    gives_operand: bool


def child_write(registry: ModelRegistry, child: ProjectClass) -> ChildWrite | None:
    """The write of a child's own forward into its first input, if it happens under no condition."""
    if child not in registry.written:
        registry.written[child] = None
        registry.written[child] = _of_forward(registry.model(child))
    return registry.written[child]


def _of_forward(cls: ModuleClass) -> ChildWrite | None:
    forward, flow = cls.method("forward"), cls.flow
    if forward is None or flow is None or not flow.inputs or len(flow.returned) != 1:
        return None
    memory, places = Memory(cls, flow), Places(cls, forward, flow)
    given = flow.inputs[0]
    returned = memory.roots(flow.returned[0][1])
    for write, root in memory.writes:
        if root is given and _is_activation(write) and places.is_unconditional(write.value):
            is_clear = given not in returned or returned == {given}
            return ChildWrite(write.function, _text(cls, write.value), given in returned) if is_clear else None
    return None


def _is_activation(write: InPlace) -> bool:
    """A layer or function that is told to work in place; `x += y` and `x.mul_(y)` are taken for meant."""
    return write.flag is not None or write.function.endswith("relu") or write.inner != ""


def _text(cls: ModuleClass, value: Value) -> str:
    assert value.node is not None, "a write is made by a node"
    return f"{cls.syntax.text(value.node)}` of `{cls.name}"
