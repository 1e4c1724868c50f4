"""Watching the operations of a forward, each with the row of the user that it stands in."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch.overrides import TorchFunctionMode

Frame = Tuple[int, str]
Watcher = Callable[[str, List[Any], Any], None]
_SIGNS = {"truediv": "/", "rtruediv": "/", "matmul": "@", "getitem": "[]"}


class Watching(TorchFunctionMode):
    """Calls `notice` with the name, the arguments and the result of each operation."""

    def __init__(self, notice: Watcher) -> None:
        super().__init__()
        self.notice = notice

    def __torch_function__(
        self, function: Any, types: Any, values: Tuple[Any, ...] = (), options: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and tell of it."""
        result = function(*values, **(options or {}))
        self.notice(name_of(function), [*values, *(options or {}).values()], result)
        return result


def name_of(function: Any) -> str:
    """The name of an operation; that of the attribute where one is read (`data`)."""
    name = str(getattr(function, "__name__", function))
    if name == "__get__":
        return str(getattr(getattr(function, "__self__", None), "__name__", name))
    return name


def tensors_of(value: Any) -> Iterator[torch.Tensor]:
    """The tensors among arguments, in lists too."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_of(item)


def user_frames(path: str) -> List[Frame]:
    """Row and function of each frame of the file at `path` that runs now, innermost first."""
    found: List[Frame] = []
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == path:
            found.append((frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back  # type: ignore[assignment]
    return found


def name_of_step(name: str) -> str:
    """The name of an operation as one would write it: `/` for `__truediv__`."""
    return _SIGNS.get(name.strip("_"), name)
