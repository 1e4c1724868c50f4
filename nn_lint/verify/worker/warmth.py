"""What a child had to import or read, so that the server does it once and later children need not."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import FrozenSet, List, Sequence, Set

from .attempt import attempt
from .loading import DemandModule, read_text
from .tables import KEPT


def installed_modules(before: FrozenSet[str]) -> List[str]:
    """The modules of installed packages that have been imported since, in the order of their imports."""
    installed = [entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages")]
    places = tuple(os.path.realpath(entry) + os.sep for entry in installed)
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in before or isinstance(module, DemandModule) or not isinstance(file, str):
            continue
        if os.path.realpath(file).startswith(places):
            found.append(name)
    return found


def import_again(names: Sequence[str], tried: Set[str]) -> None:
    """Import what a child has imported within its limits; each name is tried once."""
    for name in names:
        if name not in tried and name not in sys.modules:
            tried.add(name)
            attempt(lambda name=name: importlib.import_module(name))  # type: ignore[misc]


def read_again(paths: Sequence[str]) -> None:
    """Read files of the project that a child has read."""
    for path in paths:
        attempt(lambda path=path: KEPT.keep(read_text(Path(path)), path))  # type: ignore[misc]


def settle() -> None:
    """Take what is there now out of the collector's sight: a child would copy every page of it just to look."""
    gc.collect()
    gc.freeze()


def run_usual_layers() -> None:
    """Run a few layers once: torch sets much up at the first convolution, product and random number."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    image = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    tokens = nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
    with torch.no_grad():
        image.eval()(torch.randn(1, 3, 8, 8))
        tokens.eval()(torch.randn(1, 4, 8))
