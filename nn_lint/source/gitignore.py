"""What `.gitignore` files say: patterns of a folder and of the folders above it, the deepest opinion counts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Layer = tuple[str, "GitIgnoreSpec"]
"""A folder, and the patterns that hold below it."""


def layers_above(real: str) -> list[Layer]:
    """The `.gitignore` files of the repository above a folder; none where they ignore the folder itself."""
    above: list[str] = []
    folder = real
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return []
        folder = parent
        above.append(folder)
    layers = [layer for ancestor in reversed(above) for layer in layer_of(ancestor)]
    return [] if is_ignored(layers, real, is_folder=True) else layers


def layer_of(folder: str) -> Iterator[Layer]:
    """The patterns of a folder's `.gitignore`, if it has one that can be read."""
    try:
        with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="surrogateescape") as file:
            spec = matcher(file.read().splitlines())
    except OSError:
        return
    if spec is not None:
        yield folder, spec


def matcher(patterns: Iterator[str] | Sequence[str]) -> GitIgnoreSpec | None:
    """The matcher of these patterns; those that git could not read either are passed over."""
    lines = [pattern for pattern in patterns if pattern.strip() and not pattern.startswith("#")]
    if not lines:
        return None
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return GitIgnoreSpec.from_lines(line for line in lines if _is_readable(line))


def _is_readable(pattern: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([pattern])
    except ValueError:
        return False
    return True


def is_ignored(layers: list[Layer], real: str, is_folder: bool) -> bool:
    """Whether git would ignore an entry: the deepest file with an opinion decides."""
    opinions = (opinion(layer, real, is_folder) for layer in reversed(layers))
    return next((opinion for opinion in opinions if opinion is not None), False)


def opinion(layer: tuple[str, GitIgnoreSpec | None], real: str, is_folder: bool) -> bool | None:
    """What a layer says of an entry: ignored, not ignored, or nothing."""
    base, spec = layer
    prefix = base.rstrip(os.sep) + os.sep
    if spec is None or not real.startswith(prefix):
        return None
    inside = real[len(prefix) :].replace(os.sep, "/")
    return spec.check_file(inside + "/" if is_folder else inside).include
