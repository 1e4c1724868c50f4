"""Other files of the project that use the target: its calls and its parents may stand there."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Optional

from .attempt import Failure, attempt
from .loading import DemandModule, ProjectFinder, read_text
from .subjects import Target, place_in_package


def callers_of(target: Target) -> Iterator[Target]:
    """The target as it is seen from each file that the request names; files that cannot be read are passed over."""
    for path in target.callers:
        outcome = attempt(lambda path=path: seen_from(target, path))  # type: ignore[misc]
        if not isinstance(outcome, Failure) and outcome.value is not None:
            yield outcome.value


def seen_from(target: Target, path: str) -> Optional[Target]:
    """The target with another file's module around it, of which nothing has run."""
    root, name = place_in_package(Path(path), read_text(Path(path)))
    for finder in sys.meta_path:
        if isinstance(finder, ProjectFinder) and root not in finder.roots:
            finder.roots = (*finder.roots, root)
    module = importlib.import_module(name)
    if not isinstance(module, DemandModule) or module.__file__ != path:
        return None
    return replace(target, path=path, module=module)
