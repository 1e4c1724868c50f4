"""Paths to Python files: sorted, each once, without what `.gitignore` files and exclude patterns leave out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nn_lint.source.gitignore import Layer, is_ignored, layer_of, layers_above, matcher, opinion

SUFFIXES = (".py", ".pyi")


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files of a run, and each path that could not be looked at with the reason."""

    files: tuple[Path, ...]
    problems: tuple[tuple[Path, str], ...]


def discover(
    paths: Sequence[Path], root: Path, exclude: Sequence[str] = (), *, force_exclude: bool = False
) -> Discovery:
    """The Python files under `paths`; patterns of `exclude` are written as in `.gitignore`, relative to `root`.

    A file or folder given by name is taken whatever the patterns say, unless `force_exclude`. Links to folders are not
    followed, so loops cannot catch us.
    """
    search = _Search(_Exclusion(os.path.realpath(root), exclude))
    for path in paths:
        try:
            search.start(path, force_exclude)
        except OSError as error:
            search.problems.append((path, error.strerror or str(error)))
    return Discovery(tuple(sorted(search.files.values(), key=lambda path: path.parts)), tuple(search.problems))


def is_excluded(path: Path, root: Path, exclude: Sequence[str]) -> bool:
    """Whether the patterns leave out a path, which need not exist."""
    return _Exclusion(os.path.realpath(root), exclude).covers_any_part(os.path.realpath(path))


class _Exclusion:
    """The exclude patterns of the settings. Plain names, the usual case, need no pattern matching."""

    def __init__(self, root: str, patterns: Sequence[str]) -> None:
        self._names = frozenset(pattern for pattern in patterns if not set(pattern) & set("*?[]!/\\ #"))
        self._spec = matcher(pattern for pattern in patterns if pattern not in self._names)
        self._root = root

    def covers(self, real: str, *, is_folder: bool) -> bool:
        """Whether an entry is left out by its own name or path."""
        return os.path.basename(real) in self._names or opinion((self._root, self._spec), real, is_folder) is True

    def covers_any_part(self, real: str) -> bool:
        """Whether an entry or a folder that it lies in, up to the root, is left out."""
        inside = os.path.relpath(real, self._root).split(os.sep)
        parts = [] if inside[0] == os.pardir else inside
        folders = (os.path.join(self._root, *parts[:depth]) for depth in range(1, len(parts)))
        return self.covers(real, is_folder=False) or any(self.covers(folder, is_folder=True) for folder in folders)


@dataclass(slots=True)
class _Search:
    """One walk over all given paths; `files` maps the real path of each file to the path to show."""

    exclusion: _Exclusion
    files: dict[str, Path] = field(default_factory=dict)
    problems: list[tuple[Path, str]] = field(default_factory=list)

    def start(self, path: Path, force_exclude: bool) -> None:
        """Take a path that was given by name."""
        real = os.path.realpath(path, strict=True)
        if force_exclude and self.exclusion.covers_any_part(real):
            return
        if os.path.isdir(real):
            self._walk(path, real, layers_above(real))
        elif os.path.isfile(real):
            self.files.setdefault(real, path)
        else:
            self.problems.append((path, "is neither a file nor a folder"))

    def _walk(self, folder: Path, real: str, layers: list[Layer]) -> None:
        try:
            entries = sorted(os.scandir(real), key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append((folder, error.strerror or str(error)))
            return
        layers = [*layers, *layer_of(real)]
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not is_folder and not entry.name.endswith(SUFFIXES):
                continue
            path = os.path.join(real, entry.name)
            if self.exclusion.covers(path, is_folder=is_folder) or is_ignored(layers, path, is_folder):
                continue
            if is_folder:
                self._walk(folder / entry.name, path, layers)
            elif os.path.isfile(path):
                key = os.path.realpath(path) if entry.is_symlink() else path
                self.files.setdefault(key, folder / entry.name)
