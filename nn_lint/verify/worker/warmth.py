"""Installed packages that a child had to import, so that the server imports them once and later children need not."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
from typing import FrozenSet, List, Sequence, Set

from .attempt import attempt
from .loading import DemandModule


def installed_modules(before: FrozenSet[str]) -> List[str]:
    """The installed packages and their direct submodules that have been imported since."""
    paths = sysconfig.get_paths()
    places = tuple(os.path.realpath(paths[key]) + os.sep for key in ("purelib", "platlib"))
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in before or isinstance(module, DemandModule) or name.count(".") > 1 or not isinstance(file, str):
            continue
        if os.path.realpath(file).startswith(places):
            found.append(name)
    return sorted(found)


def import_again(names: Sequence[str], tried: Set[str]) -> None:
    """Import what a child has imported within its limits; each name is tried once."""
    for name in names:
        if name not in tried and name not in sys.modules:
            tried.add(name)
            attempt(lambda name=name: importlib.import_module(name))  # type: ignore[misc]
