"""What a child had to import or read, so that the server does it once and later children need not."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import Callable, Deque, FrozenSet, List, Sequence, Set

from .attempt import attempt
from .loading import DemandModule, read_text
from .tables import KEPT

WARM_SECONDS = 0.5


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


class Warmth:
    """What is still to be imported and read, and what was tried."""

    def __init__(self) -> None:
        self._modules: Deque[str] = deque()
        self._files: Deque[str] = deque()
        self._tried: Set[str] = set()

    def note(self, modules: Sequence[str], files: Sequence[str]) -> None:
        """Enter what a child had to import and read."""
        self._modules.extend(name for name in modules if name not in self._tried)
        self._tried.update(modules)
        self._files.extend(path for path in files if path not in self._files)

    def work(self, is_wanted: Callable[[], bool]) -> None:
        """Import and read for a while, and on as long as nobody waits."""
        end = time.process_time() + WARM_SECONDS
        worked = False
        while (self._modules or self._files) and (time.process_time() < end or not is_wanted()):
            worked = True
            if self._modules:
                attempt(partial(importlib.import_module, self._modules.popleft()))
            else:
                attempt(partial(read_ahead, self._files.popleft()))
        if worked:
            settle()


def read_ahead(path: str) -> None:
    """Keep the table of a file of the project."""
    KEPT.keep(read_text(Path(path)), path)


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
