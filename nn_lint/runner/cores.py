"""How many processes can run at the same time."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """The cores that this process may use: fewer than the machine has, where an affinity or a container says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
