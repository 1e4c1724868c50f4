"""Watching the calls of submodules: which one failed, on what, and what reached the instances of a class."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn

from .attempt import OutOfTime


@dataclass
class Trace:
    """What was seen: how many layers with weights ran, the innermost module that failed with what it was given, and
    calls of instances of `watched`."""

    watched: Tuple[type, ...] = ()
    completed: int = 0
    failed: Optional[nn.Module] = None
    failed_on: Tuple[Any, ...] = ()
    calls: List[Tuple[nn.Module, Tuple[Any, ...], Dict[str, Any]]] = field(default_factory=list)

    @property
    def got(self) -> Optional[torch.Tensor]:
        """The first tensor that the failing module was given."""
        return next((value for value in self.failed_on if isinstance(value, torch.Tensor)), None)


@contextlib.contextmanager
def tracing(watched: Tuple[type, ...] = ()) -> Iterator[Trace]:
    """Record calls of modules for as long as the block runs."""
    trace = Trace(watched)
    original = nn.Module.__call__

    def recorded(self: nn.Module, *values: Any, **options: Any) -> Any:
        if type(self) in trace.watched:
            trace.calls.append((self, values, options))
        try:
            result = original(self, *values, **options)
        except (Exception, OutOfTime):
            if trace.failed is None:
                trace.failed, trace.failed_on = self, values
            raise
        trace.completed += bool(self._parameters)
        return result

    nn.Module.__call__ = recorded  # type: ignore[method-assign]
    try:
        yield trace
    finally:
        nn.Module.__call__ = original  # type: ignore[method-assign]


@contextlib.contextmanager
def constructions(cls: type, note: Callable[[Any, Tuple[Any, ...], Dict[str, Any]], None]) -> Iterator[None]:
    """Tell `note` of the instance and arguments of every construction of exactly this class, before it happens: a
    constructor may change the lists and dictionaries that it is given."""
    own = cls.__dict__.get("__init__")
    original = cls.__init__  # type: ignore[misc]

    def recorded(self: Any, *values: Any, **options: Any) -> None:
        if type(self) is cls:
            note(self, values, options)
        original(self, *values, **options)

    cls.__init__ = recorded  # type: ignore[misc]
    try:
        yield
    finally:
        if own is None:
            del cls.__init__  # type: ignore[misc]
        else:
            cls.__init__ = own  # type: ignore[misc]
