"""Where states lie on the disk: a file for each set of arguments and settings, replaced at once, bounded in size."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

LARGEST = 128 * 2**20
"""Bytes that all states together may take; the ones that were used longest ago make room."""
_USED = 24 * 3600
"""Seconds after which the use of a state is noted in its times."""
_SUFFIX = ".findings"
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder holds what nn-lint can find again.\n"


def cache_folder() -> Path | None:
    """The folder of the cache: `NN_LINT_CACHE_DIR`, else the platform's; `None` where the platform has none."""
    chosen = os.environ.get("NN_LINT_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        above = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        above = os.path.expanduser("~/Library/Caches")
    else:
        above = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(above, "nn-lint") if above and os.path.isabs(above) else None


def read(key: str) -> bytes | None:
    """The state of this key, `None` where there is none or it cannot be read."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / (key + _SUFFIX)
    with suppress(OSError):
        data = path.read_bytes()
        with suppress(OSError):
            _note_use(path)
        return data
    return None


def write(key: str, data: bytes) -> None:
    """Keep a state, so that no reader ever sees half of it. A folder that cannot be written is no failure."""
    folder = cache_folder()
    if folder is None:
        return
    from tempfile import mkstemp

    with suppress(OSError):
        _prepare(folder)
        descriptor, name = mkstemp(prefix=key, suffix=".tmp", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(name, folder / (key + _SUFFIX))
        except BaseException:
            os.unlink(name)
            raise
        _bound(folder)


def clean() -> tuple[int, int]:
    """Remove all states; how many files and bytes these were."""
    folder = cache_folder()
    found = _own_files(folder) if folder is not None else []
    removed = [size for _, size, path in found if _removed(path)]
    return len(removed), sum(removed)


def _prepare(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "CACHEDIR.TAG").write_text(_TAG, "utf-8")


def _note_use(path: Path) -> None:
    if path.stat().st_mtime < time.time() - _USED:
        os.utime(path)


def _bound(folder: Path) -> None:
    """Remove what was used longest ago until the rest fits, and what interrupted runs have left."""
    left = LARGEST
    for changed, size, path in sorted(_own_files(folder), reverse=True):
        left -= size
        if left < 0 or (path.endswith(".tmp") and changed < time.time() - _USED):
            _removed(path)


def _own_files(folder: Path) -> list[tuple[float, int, str]]:
    """Time, size and path of each file that is ours."""
    found: list[tuple[float, int, str]] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((_SUFFIX, ".tmp")):
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime, status.st_size, entry.path))
    return found


def _removed(path: str) -> bool:
    with suppress(OSError):
        os.unlink(path)
        return True
    return False
