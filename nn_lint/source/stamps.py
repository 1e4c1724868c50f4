"""Whether files and folders are as they were: stamps by which that is told without reading them, and digests."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Stamp = tuple[int, int, int, int]
"""Times of modification and change, size and number of an entry; whoever writes to it changes one of them."""

ABSENT: Stamp = (0, 0, 0, 0)
"""The stamp of what is not there."""
_SETTLED = 2_000_000_000
"""Nanoseconds after which a further change shows in the times, however coarsely the file system keeps them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was read. Without a stamp only its digest tells whether it has changed; no digest: unreadable."""

    stamp: Stamp | None
    digest: str | None


CHANGED = Seen(None, None)
"""A file that was read twice in one run, and was not the same."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The Python files of a package, or of a folder that is none, and the stamps of the folders that were listed."""

    files: tuple[str, ...]
    folders: tuple[tuple[str, Stamp | None], ...]


def full_name(path: Path) -> str:
    """The absolute path as words, at a fraction of the time that `Path.absolute` takes."""
    return os.path.join(os.getcwd(), path)


def stamp_of(path: str) -> Stamp:
    """The stamp of an entry now."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ABSENT
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def settled(stamp: Stamp) -> Stamp | None:
    """A stamp that was just taken, unless the entry is so young that it might change again and keep it."""
    return stamp if max(stamp[:2]) < time.time_ns() - _SETTLED else None


def look(path: str) -> tuple[Seen, bytes | None]:
    """A file as it is now, with its bytes. The stamp is the older of the two: a change between them shows later."""
    stamp = settled(stamp_of(path))
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, ValueError):
        return Seen(stamp, None), None
    return Seen(stamp, digest(data)), data


def digest(data: bytes) -> str:
    """A short name of bytes that no other bytes have."""
    return blake2b(data, digest_size=12).hexdigest()


def list_package(folder: str) -> Listing:
    """The Python files below a package, or in a folder that is none; links to folders are not followed."""
    files: list[str] = []
    folders: list[tuple[str, Stamp | None]] = []
    below = os.path.isfile(os.path.join(folder, "__init__.py"))
    pending = [folder]
    while pending:
        current = pending.pop()
        folders.append((current, settled(stamp_of(current))))
        try:
            entries = list(os.scandir(current))
        except OSError:
            continue
        files += (entry.path for entry in entries if entry.name.endswith(".py") and entry.is_file())
        if below:
            inner = (entry for entry in entries if entry.name != "__pycache__")
            pending += (entry.path for entry in inner if entry.is_dir(follow_symlinks=False))
    return Listing(tuple(sorted(files)), tuple(folders))
