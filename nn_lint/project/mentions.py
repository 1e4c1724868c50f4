"""Which files say a name: an index over the names of classes, made by one pass over the texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

_CLASS = re.compile(r"\bclass[ \t]+(\w+)")
_WORD = re.compile(r"\w+")


class Mentions:
    """The files of a package and of a run, and what they mention. `read` gives the text at a path."""

    def __init__(self, files: Iterable[Path], read: Callable[[Path], str | None]) -> None:
        self._files = tuple(files)
        self._read = read

    def paths(self, name: str) -> Iterable[Path]:
        """The files that may contain a name: at once for the name of a class, else each text is searched."""
        if name in self._index:
            return self._index[name]
        return [path for path in self._files if name in (self._read(path) or "")]

    @cached_property
    def _index(self) -> dict[str, list[Path]]:
        defined = {name for path in self._files for name in _CLASS.findall(self._read(path) or "")}
        index: dict[str, list[Path]] = {name: [] for name in defined}
        for path in self._files:
            for name in defined.intersection(_WORD.findall(self._read(path) or "")):
                index[name].append(path)
        return index
