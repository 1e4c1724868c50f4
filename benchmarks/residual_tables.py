"""The tables of the residual benchmark, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from residual_checks import Checked
from residual_findings import distinct_findings
from residual_mutants import HARDNESSES, Mutant
from residual_repairs import CONFIRMED, Outcome, Repaired
from residual_scan import Scan

LEVELS = (
    ("errors", ("error",)),
    ("errors and warnings", ("error", "warning")),
    ("errors, warnings and suspicions", ("error", "warning", "suspicion")),
)


def print_packages(scans: Sequence[Scan]) -> None:
    """What the packages hold, and why some blocks give no mutant."""
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


def print_table(drawn: Mapping[str, tuple[Mutant, ...]], checked: Sequence[Checked]) -> None:
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
    found = sum(item.is_found for item in items)
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


def print_repairs(repaired: Sequence[Repaired], *, reasons_too: bool) -> None:
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
        if item.outcome not in CONFIRMED and (reasons_too or item.outcome is not Outcome.UNRUNNABLE):
            place = f"{item.mutant.package}/{item.mutant.path}:{item.mutant.rows[0]}"
            print(f"    {place} {item.mutant.name} at {item.hardness}: {item.outcome.value}: {item.detail}")
    print()


def print_missed(checked: Sequence[Checked], *, names_too: bool) -> None:
    """Why blocks are missed, and which."""
    for hardness in HARDNESSES:
        missed = [item for item in checked if item.hardness == hardness and not item.is_found]
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
