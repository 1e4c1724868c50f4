"""Whether what makes nn-lint fast changes what it finds: sieves, processes, the order of files, and kept findings.

Run it as `python benchmarks/soundness.py [--edits 6] [FOLDER...]`; without folders three packages are fetched. Each is
copied, and its findings by all rules are compared: with sieves and without, in one process and in many, in a shuffled
order, kept and fresh, and kept and fresh again after each of some random edits. It exits with 1 on any difference.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from packages import python_files, unpacked

import nn_lint.engine
from nn_lint.cache.kept import Kept
from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic
from nn_lint.rules import load_rule
from nn_lint.runner.batches import Job, check_batch
from nn_lint.runner.check import check_files

PACKAGES = ("segmentation-models-pytorch==0.6.0", "vit-pytorch==1.26.11", "torchxrayvision==1.5.7")
Findings = dict[str, tuple[Diagnostic, ...]]


def edits(text: str, chance: random.Random) -> str:
    """A text with one of the changes that people make: rows come and go, names and bases change."""
    rows = text.split("\n")
    place = chance.randrange(len(rows))
    names = re.findall(r"^class (\w+)", text, re.MULTILINE) or ["nothing"]
    name = chance.choice(names)
    kinds: tuple[Callable[[], str], ...] = (
        lambda: "\n".join([*rows[:place], "# a comment", *rows[place:]]),
        lambda: "\n".join([*rows[:place], *rows[place + 1 :]]),
        lambda: re.sub(rf"\b{name}\b", f"{name}Renamed", text),
        lambda: re.sub(rf"^class {name}\(.*\):", f"class {name}:", text, flags=re.MULTILINE),
        lambda: text.replace("super().__init__()", "pass", 1),
        lambda: text + f"\n\ndef show(net):\n    return net.{name.lower()}, {name}\n",
    )
    return chance.choice(kinds)()


def serial(paths: Sequence[Path], settings: Settings) -> Findings:
    """One session in this process, in the order given."""
    job = Job(settings, tuple(paths))
    return {result.path: result.diagnostics for result in check_batch(tuple(paths), job).results}


def spread(paths: Sequence[Path], settings: Settings, kept: Kept | None = None) -> Findings:
    """Many processes, or what was kept."""
    return {report.filename: report.diagnostics for report in check_files(paths, settings, kept=kept)}


def unsieved(paths: Sequence[Path], settings: Settings) -> Findings:
    """Every rule looks at every class."""
    nn_lint.engine.load_rule = lambda listed: replace(load_rule(listed), sieve=None, premise=None)
    try:
        return serial(paths, settings)
    finally:
        nn_lint.engine.load_rule = load_rule


def compare(folder: Path, number: int, chance: random.Random) -> int:
    """How many comparisons fail for a package, which is a copy that may be changed."""
    settings = Settings(folder, select=("ALL",), suspicions=True)
    paths = python_files(folder)
    began = time.perf_counter()
    expected = serial(paths, settings)
    print(f"{folder.name}: {len(paths)} files, {sum(map(len, expected.values()))} findings", flush=True)
    shuffled = chance.sample(paths, len(paths))
    threads = ThreadPoolExecutor(2)
    runs: dict[str, Callable[[], Findings]] = {
        "without sieves and premises": lambda: unsieved(paths, settings),
        "many processes": lambda: spread(paths, settings),
        "a shuffled order": lambda: serial(shuffled, settings),
        "two threads": lambda: {
            item.filename: item.diagnostics for item in check_files(paths, settings, threads, workers=2)
        },
        "nothing kept yet": lambda: spread(paths, settings, Kept(settings, ())),
        "all kept": lambda: spread(paths, settings, Kept(settings, ())),
    }
    failures = sum(report(name, run(), expected) for name, run in runs.items())
    for turn in range(number):
        path = chance.choice(paths)
        path.write_text(edits(path.read_text("utf-8"), chance), "utf-8")
        known = len(Kept(settings, ()).known(paths))
        found = spread(paths, settings, Kept(settings, ()))
        failures += report(f"edit {turn + 1} ({path.name}, {known} files kept)", found, serial(paths, settings))
    print(f"    {time.perf_counter() - began:.0f} s")
    return failures


def report(name: str, found: Findings, expected: Findings) -> bool:
    """Print whether findings are as expected, and return whether they are not."""
    different = [path for path in expected if found.get(path) != expected[path]]
    print(f"    {name:45} {'same' if not different else f'DIFFERENT in {len(different)}: {different[:3]}'}", flush=True)
    return bool(different)


def main() -> int:
    """Compare all packages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=6, help="random edits of each package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("folders", nargs="*", type=Path, help="folders instead of packages")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    failures = 0
    with tempfile.TemporaryDirectory() as place:
        os.environ["NN_LINT_CACHE_DIR"] = str(Path(place) / "cache")
        for folder in options.folders or map(unpacked, PACKAGES):
            copy = Path(place) / folder.name
            shutil.copytree(folder, copy)
            failures += compare(copy, options.edits, chance)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
