"""Cheap facts of one file: what its names stand for and which classes it defines; plain values, no nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class InitStart(Enum):
    """How an `__init__` begins, after statements that neither use `self` nor return."""

    PLAIN = "super().__init__(), well formed, without arguments"
    ARGUMENTS = "the same with arguments, of which none is self"
    OTHER = "in any other way"


@dataclass(frozen=True, slots=True)
class MethodFacts:
    """A `def` that stands directly in a class body.

    `falls_off`: its end may be reached without a `return` of a value.
    """

    name: str
    row: int
    end_row: int
    parameters: tuple[str, ...]
    decorators: tuple[str, ...]
    start: InitStart
    falls_off: bool = True


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """A class statement. Rows count from 1; `first_row` includes decorators.

    `bases` are dotted names as written, without subscripts, `?` where a base is no name. `scope` names the classes and
    functions around it, outermost first; `bindings` what names stand for inside those functions.
    """

    name: str
    scope: tuple[str, ...]
    in_function: bool
    first_row: int
    row: int
    end_row: int
    bases: tuple[str, ...]
    metaclass: str | None
    decorators: tuple[str, ...]
    methods: tuple[MethodFacts, ...]
    assigned: frozenset[str]
    bindings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def qualified_name(self) -> str:
        """`Outer.Inner`."""
        return ".".join((*self.scope, self.name))

    @property
    def begins_with_parent_init(self) -> bool:
        """No `__init__`, or one that calls its parent's before anything else that matters."""
        init = self.method("__init__")
        return init is None or init.start is not InitStart.OTHER

    def method(self, name: str) -> MethodFacts | None:
        """The method of that name; the last definition counts."""
        return next((method for method in reversed(self.methods) if method.name == name), None)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file. `bindings` maps module-level names to all that they may stand for, as dotted origins.

    An origin is absolute (`torch.nn.Module`) or relative (`.blocks.Block`); a name bound to something that is no dotted
    name stands for `?`. `stars` are the modules imported with `*`.
    """

    filename: str
    bindings: Mapping[str, tuple[str, ...]]
    stars: tuple[str, ...]
    classes: tuple[ClassFacts, ...]
