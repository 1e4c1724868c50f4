"""How well the residual rules tell blocks that lost their addition: `python benchmarks/residual.py`.

(a) What NN3xx says of packages as they are, each finding judged by hand in `residual_judged.tsv`.
(b) How many blocks are found when every residual addition is deleted, at three hardnesses: the addition alone; what is
    dead after it too; all that betrays it too (attributes, words, the name of the class).

`--packages` and `--folder` take other packages, `--most` caps the blocks of a kind, `--missed` lists the missed ones.
"""

from __future__ import annotations

import argparse
import pickle
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TypeVar

from packages import CACHE, python_files, unpacked
from residual_checks import Checked, check
from residual_findings import distinct_findings, report_findings
from residual_mutants import HARDNESSES, Mutant
from residual_repairs import CONFIRMED, Outcome, Repaired, repair
from residual_scan import Scan, scan

PACKAGES = tuple((Path(__file__).parent / "residual_packages.txt").read_text("utf-8").split())
SCANS = CACHE / "residual_scans.pickle"
LEVELS = (("errors", ("error",)), ("errors and warnings", ("error", "warning")))
KINDS = ("ResNet-stacked straight", "stacked by a ResNet", "CNN", "transformer", "other", "network of lists")
_Result = TypeVar("_Result")


def main() -> None:
    """Scan, draw, check, and print the tables."""
    given = _arguments()
    began = time.monotonic()
    folders = {name: unpacked(name) for name in given.packages or (() if given.folder else PACKAGES)}
    folders |= {path.name: path for path in given.folder}
    with ProcessPoolExecutor(given.jobs) as pool:
        each = partial(_each, pool, folders)
        scans = _scanned(given, partial(each, scan, {name: (name,) for name in _largest_first(folders)}))
        _print_packages(scans)
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
            print_repairs([item for batch in batches for item in batch])
    if given.missed or given.why:
        print_missed(checked, names_too=given.missed)
    print(f"{time.monotonic() - began:.0f} s in all")


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


def _scanned(given: argparse.Namespace, scan_all: Callable[[], list[Scan]]) -> list[Scan]:
    """The scans of all packages, or those of the run before."""
    if given.again and SCANS.exists():
        known: list[Scan] = pickle.loads(SCANS.read_bytes())  # noqa: S301
        return known
    scans = scan_all()
    SCANS.write_bytes(pickle.dumps(scans))
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
        chance = random.Random(f"{seed} {kind}")  # noqa: S311
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
    for item in random.Random(seed).sample(offered, min(most, len(offered))):  # noqa: S311
        jobs[item.mutant.package].append((item.mutant, item.hardness))
    return jobs


def by_packages(drawn: dict[str, tuple[Mutant, ...]]) -> dict[str, list[Mutant]]:
    """The drawn blocks by package, each once."""
    by_package: dict[str, dict[Mutant, None]] = defaultdict(dict)
    for mutants in drawn.values():
        for mutant in mutants:
            by_package[mutant.package][mutant] = None
    return {name: list(found) for name, found in by_package.items()}


def _print_packages(scans: Sequence[Scan]) -> None:
    plain = set().union(*(item.plain for item in scans))
    adding = set().union(*(item.adding for item in scans))
    print(f"{len(scans)} packages, {sum(item.files for item in scans)} files")
    print(f"{len(plain | adding)} distinct modules with a forward of their own: {len(plain)} do not add their input")
    made = {mutant.digest for item in scans for mutant in item.mutants}
    print(f"{len(adding)} have a residual sum, {len(made)} can be made into mutants. Left out (copies counted):")
    skipped = sum((item.skipped for item in scans), Counter[str]())
    for reason, count in skipped.most_common():
        print(f"  {count:5} {reason}")
    print()


def print_table(drawn: dict[str, tuple[Mutant, ...]], checked: Sequence[Checked]) -> None:
    """Kind and hardness against what was found."""
    results = {(item.mutant, item.hardness): item for item in checked}
    head = ("kind", "hardness", "blocks", "errors", "with warnings", "repair offered", "of those found")
    print("{:24} {:>8} {:>7} {:>12} {:>14} {:>15} {:>15}".format(*head))
    for kind, mutants in drawn.items():
        for hardness in HARDNESSES:
            found = [results[mutant, hardness] for mutant in mutants if (mutant, hardness) in results]
            if found:
                _print_row(kind, str(hardness), found)
    for hardness in HARDNESSES:
        found = [item for item in checked if item.hardness == hardness]
        if found:
            _print_row("all that were drawn", str(hardness), found)
    for hardness in HARDNESSES:
        codes = Counter(code for item in checked if item.hardness == hardness for code in item.codes)
        if codes:
            print(f"findings at hardness {hardness}: " + ", ".join(f"{codes[code]} {code}" for code in sorted(codes)))
    print()


def _print_row(kind: str, hardness: str, items: Sequence[Checked]) -> None:
    errors = sum(item.severity == "error" for item in items)
    found = sum(bool(item.severity) for item in items)
    repairable = sum(item.repairable for item in items)
    cells = (
        share(errors, len(items)),
        share(found, len(items)),
        share(repairable, len(items)),
        share(repairable, found),
    )
    print("{:24} {:>8} {:>7} {:>12} {:>14} {:>15} {:>15}".format(kind, hardness, len(items), *cells))


def share(part: int, whole: int) -> str:
    """`12 (40%)`."""
    return f"{part} ({100 * part / whole:.0f}%)" if whole else "-"


def print_curve(checked: Sequence[Checked], scans: Sequence[Scan]) -> None:
    """What each level of reporting finds, and what it costs in findings on packages as they are."""
    alarms = distinct_findings(scans)
    plain = len(set().union(*(result.plain for result in scans)))
    for name, levels in LEVELS:
        rates = []
        for hardness in HARDNESSES:
            items = [item for item in checked if item.hardness == hardness]
            if items:
                rates.append(f"{share(sum(item.severity in levels for item in items), len(items))} at {hardness}")
        verdicts = Counter(verdict for item, verdict in alarms if item.severity in levels)
        told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())) or "no finding"
        print(f"{name}: found {', '.join(rates)}; on {plain} classes that do not add: {told}")
    print()


def print_repairs(repaired: Sequence[Repaired]) -> None:
    """How repaired blocks compare with those of the packages."""
    print(f"{len(repaired)} repairs compared with the blocks of the packages")
    for hardness in (*HARDNESSES, None):
        items = [item for item in repaired if hardness in (None, item.hardness)]
        run = [item for item in items if item.outcome is not Outcome.UNRUNNABLE]
        told = Counter(item.outcome for item in items)
        right = share(sum(item.outcome in CONFIRMED for item in run), len(run))
        print(f"hardness {hardness or 'all'}: {right} of those that ran are equal, or the same shapes and proven")
        for outcome in Outcome:
            if told[outcome]:
                print(f"  {told[outcome]:5} {outcome.value}")
    for item in repaired:
        if item.outcome not in (*CONFIRMED, Outcome.UNRUNNABLE):
            place = f"{item.mutant.package}/{item.mutant.path}:{item.mutant.rows[0]}"
            print(f"    {place} {item.mutant.name} at {item.hardness}: {item.outcome.value}: {item.detail}")
    print()


def print_missed(checked: Sequence[Checked], *, names_too: bool) -> None:
    """Why blocks are missed, and which."""
    for hardness in HARDNESSES:
        missed = [item for item in checked if item.hardness == hardness and not item.severity]
        print(f"missed at hardness {hardness}: {len(missed)}")
        for why, count in Counter(item.why.partition(":")[0] for item in missed).most_common():
            print(f"  {count:5} {why}")
        if names_too:
            print(*_missed_rows(missed), sep="\n")
    print()


def _missed_rows(missed: Sequence[Checked]) -> Iterator[str]:
    for item in sorted(missed, key=lambda item: (item.mutant.package, item.mutant.path, item.mutant.rows)):
        mutant = item.mutant
        place = f"{mutant.package}/{mutant.path}:{mutant.rows[0]}"
        yield f"    {place} {mutant.name} [{', '.join(mutant.kinds)}] {item.why}"


if __name__ == "__main__":
    main()
