"""Which Python runs the proofs: one that can import torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROBE = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
PROBE_SECONDS = 30


class NoTorch(Exception):
    """The interpreter that was asked for cannot be run, or has no torch."""


def find_interpreter(explicit: Path | None, folder: Path) -> Path | None:
    """The interpreter to verify with: the one asked for, else the active environment's, else the nearest `.venv`'s,
    else the running one; None where none of them has torch. One that was asked for and has none raises `NoTorch`."""
    if explicit is not None:
        if not has_torch(explicit):
            raise NoTorch(f"{explicit} is not a Python that can import torch")
        return explicit
    return next((python for python in candidates(folder) if has_torch(python)), None)


def candidates(folder: Path) -> Iterator[Path]:
    """Interpreters to try, in order."""
    active = os.environ.get("VIRTUAL_ENV")
    if active:
        yield from pythons_in(Path(active))
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        yield from pythons_in(place / ".venv")
    yield Path(sys.executable)


def pythons_in(environment: Path) -> Iterator[Path]:
    """The interpreter of a virtual environment, where it has one."""
    for python in (environment / "bin" / "python", environment / "Scripts" / "python.exe"):
        if python.is_file():
            yield python


def has_torch(python: Path) -> bool:
    """Whether an interpreter finds torch, without importing it."""
    try:
        done = subprocess.run(
            [str(python), "-I", "-B", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
