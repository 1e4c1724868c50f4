"""Which files say a name: an index over the names of classes, made by one pass over the texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence, Set
from functools import cached_property
from pathlib import Path

_CLASS = re.compile(r"class[ \t]+(\w+)")
_WORD = re.compile(r"\w+")
_PART_OF_WORD = frozenset(b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_BLANKED = bytes(code if code in _PART_OF_WORD else 0x20 for code in range(256))


class Mentions:
    """The files of a package and of a run, and what they mention. `read` gives the text at a path."""

    def __init__(self, files: Iterable[Path], read: Callable[[Path], str | None]) -> None:
        self._files = tuple(files)
        self._read = read

    def paths(self, name: str) -> Sequence[Path]:
        """The files that say a word: at once for the name of a class, else each text is searched."""
        if name in self._index:
            return self._index[name]
        word = re.compile(rf"\b{re.escape(name)}\b")
        texts = ((path, self._read(path)) for path in self._files)
        return [path for path, text in texts if text is not None and name in text and word.search(text)]

    @cached_property
    def _index(self) -> dict[str, list[Path]]:
        defined = {name for path in self._files for name in _CLASS.findall(self._read(path) or "")}
        index: dict[str, list[Path]] = {name: [] for name in defined}
        for path in self._files:
            for name in words(self._read(path) or "", defined):
                index[name].append(path)
        return index


def words(text: str, wanted: Set[str]) -> Set[str]:
    """Those of some words that a text says. Nearly all texts are ASCII, and of these bytes are cut up much faster."""
    if not text.isascii():
        return wanted & set(_WORD.findall(text))
    return wanted & set(text.encode("ascii").translate(_BLANKED).decode("ascii").split())
