"""How well the residual rules tell blocks that lost their addition: `python benchmarks/residual.py`.

(a) What NN3xx says of packages as they are, each finding judged by hand in `residual_judged.tsv`.
(b) How many blocks are found when every residual addition is deleted, at three hardnesses: the addition alone; what is
    dead after it too; all that betrays it too (attributes, words, the name of the class).

`--packages` and `--folder` take other packages, `--most` caps the blocks of a kind, `--missed` lists the missed ones.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import random
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TypeVar

from packages import CACHE, python_files, unpacked
from residual_checks import Checked, check
from residual_findings import report_findings
from residual_kinds import KINDS
from residual_mutants import HARDNESSES, Mutant
from residual_repairs import repair
from residual_scan import Scan, scan
from residual_tables import print_curve, print_missed, print_packages, print_repairs, print_table

PACKAGES = tuple((Path(__file__).parent / "residual_packages.txt").read_text("utf-8").split())
ALARM_PACKAGES = tuple((Path(__file__).parent / "residual_alarm_packages.txt").read_text("utf-8").split())
"""Of these only (a) is asked: no mutants are made of their blocks."""
_Result = TypeVar("_Result")


def main() -> None:
    """Scan, draw, check, and print the tables."""
    given = _arguments()
    began = time.monotonic()
    folders = {name: unpacked(name) for name in given.packages or (() if given.folder else PACKAGES + ALARM_PACKAGES)}
    folders |= {path.name: path for path in given.folder}
    with ProcessPoolExecutor(given.jobs) as pool:
        each = partial(_each, pool, folders)
        scans = _scanned(
            given,
            tuple(folders),
            partial(each, scan, {name: (name, _asks_all(given, name)) for name in _largest_first(folders)}),
        )
        print_packages(scans)
        report_findings(scans)
        drawn = draw(scans, given.most, given.seed)
        mutants = by_packages(drawn)
        print(f"{sum(map(len, mutants.values()))} blocks drawn, {time.monotonic() - began:.0f} s\n", flush=True)
        jobs = {name: (mutants[name], tuple(given.hardness)) for name in _largest_first(folders) if name in mutants}
        checked = [item for batch in each(check, jobs) for item in batch]
        print_table(drawn, checked)
        print_curve(checked, scans)
        if not given.no_run:
            repairs = draw_repairs(checked, given.repairs, given.seed)
            batches = each(repair, {name: (repairs[name],) for name in repairs})
            print_repairs([item for batch in batches for item in batch], reasons_too=given.missed)
    if given.missed or given.why:
        print_missed(checked, names_too=given.missed)
    used = sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{time.monotonic() - began:.0f} s in all, {used:.0f} s of processor time")


def _asks_all(given: argparse.Namespace, name: str) -> bool:
    """Whether mutants are made of a package; of one that was asked for by name they always are."""
    return bool(given.packages) or name not in ALARM_PACKAGES


def _each(
    pool: Executor, folders: Mapping[str, Path], work: Callable[..., _Result], jobs: Mapping[str, tuple[object, ...]]
) -> list[_Result]:
    """Work on packages in several processes; what is done is told on the standard error."""
    running = {pool.submit(work, folders[name], *arguments): name for name, arguments in jobs.items()}
    done: dict[str, _Result] = {}
    for future in as_completed(running):
        done[running[future]] = future.result()
        print(f"{work.__name__} {len(done)}/{len(jobs)} {running[future]}", file=sys.stderr)
    return [done[name] for name in sorted(done)]


def _scanned(given: argparse.Namespace, names: Iterable[str], scan_all: Callable[[], list[Scan]]) -> list[Scan]:
    """The scans of all packages, or those of the run before over the same packages."""
    key = hashlib.sha1(" ".join(sorted(names)).encode(), usedforsecurity=False).hexdigest()[:12]
    kept = CACHE / f"residual_{key}.pickle"
    if given.again and kept.exists():
        known: list[Scan] = pickle.loads(kept.read_bytes())  # noqa: S301
        return known
    scans = scan_all()
    kept.write_bytes(pickle.dumps(scans))
    return scans


def _largest_first(folders: Mapping[str, Path]) -> list[str]:
    """The names of packages, so that the longest work begins first."""
    return sorted(folders, key=lambda name: -sum(path.stat().st_size for path in python_files(folders[name])))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", nargs="*", default=[], metavar="NAME==VERSION")
    parser.add_argument("--folder", nargs="*", default=[], type=Path, help="packages that are unpacked already")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=400, help="blocks of a kind, drawn by the seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--hardness", type=int, nargs="*", choices=HARDNESSES, default=HARDNESSES)
    parser.add_argument("--repairs", type=int, default=150, help="repairs to compare in torch, drawn by the seed")
    parser.add_argument("--no-run", action="store_true", help="leave the comparison in torch out")
    parser.add_argument("--again", action="store_true", help="take the blocks that the run before made out")
    parser.add_argument("--missed", action="store_true", help="print each block that is not found")
    parser.add_argument("--why", action="store_true", help="count the reasons for which blocks are not found")
    return parser.parse_args()


def draw(scans: Sequence[Scan], most: int, seed: int) -> dict[str, tuple[Mutant, ...]]:
    """At most so many distinct blocks of each kind; one block may be drawn for several kinds."""
    distinct: dict[str, Mutant] = {}
    for mutant in sorted((item for result in scans for item in result.mutants), key=_place):
        distinct.setdefault(mutant.digest, mutant)
    drawn = {}
    for kind in KINDS:
        of_kind = [mutant for mutant in distinct.values() if kind in mutant.kinds]
        chance = random.Random(f"{seed} {kind}")
        drawn[kind] = tuple(chance.sample(of_kind, min(most, len(of_kind))))
        print(f"{kind}: {len(of_kind)} distinct blocks, {len(drawn[kind])} drawn")
    return drawn


def _place(mutant: Mutant) -> tuple[str, str, tuple[int, int]]:
    return mutant.package, mutant.path, mutant.rows


def draw_repairs(checked: Sequence[Checked], most: int, seed: int) -> dict[str, list[tuple[Mutant, int]]]:
    """Mutants that were found with a repair, by package."""
    offered = [item for item in checked if item.repairable]
    offered.sort(key=lambda item: (_place(item.mutant), item.hardness))
    jobs: dict[str, list[tuple[Mutant, int]]] = defaultdict(list)
    for item in random.Random(seed).sample(offered, min(most, len(offered))):
        jobs[item.mutant.package].append((item.mutant, item.hardness))
    return jobs


def by_packages(drawn: dict[str, tuple[Mutant, ...]]) -> dict[str, list[Mutant]]:
    """The drawn blocks by package, each once."""
    by_package: dict[str, dict[Mutant, None]] = defaultdict(dict)
    for mutants in drawn.values():
        for mutant in mutants:
            by_package[mutant.package][mutant] = None
    return {name: list(found) for name, found in by_package.items()}


if __name__ == "__main__":
    main()
