"""What was measured, as tables."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence

from verify_mutants import KINDS
from verify_runs import Done, Judged, Measured, Told


def print_packages(title: str, measured: Sequence[Measured]) -> None:
    """One line a package, and one for all of them."""
    heads = f"{'has':>5} {'drawn':>5} {'imports':>7} {'counted':>7} {'constructed':>12} {'ran':>12}"
    print(f"\n{title}\n{'package':40} {heads}")
    for each in sorted(measured, key=lambda item: item.drawn.package):
        _print_row(each.drawn.package, each.drawn.all_classes, each.done)
    done = [item for each in measured for item in each.done]
    _print_row("all", sum(each.drawn.all_classes for each in measured), done)
    _print_costs(done)


def counted(done: Sequence[Done]) -> list[Done]:
    """Those whose imports are there and that are no mere interfaces."""
    return [item for item in done if not item.lacks_imports and not item.is_interface]


def _print_row(name: str, every: int, done: Sequence[Done]) -> None:
    judged = counted(done)
    there = sum(not item.lacks_imports for item in done)
    built, ran = sum(item.run.constructs for item in judged), sum(item.run.runs for item in judged)
    print(
        f"{name:40} {every:5} {len(done):5} {there:7} {len(judged):7} {_share(built, len(judged)):>12} "
        f"{_share(ran, len(judged)):>12}"
    )


def _share(part: int, whole: int) -> str:
    return f"{part} {100 * part / whole:5.1f}%" if whole else "-"


def _print_costs(done: Sequence[Done]) -> None:
    seconds = sorted(item.run.seconds for item in done)
    memory = sorted(item.run.memory or 0 for item in done)
    processor = sorted(item.run.processor or 0.0 for item in done)
    if seconds:
        later = len(seconds) * 95 // 100
        print(
            f"seconds a class: median {statistics.median(seconds):.2f}, p95 {seconds[later]:.2f}, "
            f"most {seconds[-1]:.1f}; of processor time: median {statistics.median(processor):.2f}, "
            f"p95 {processor[later]:.2f}\n"
            f"peak memory: median {memory[len(memory) // 2]} MiB, p95 {memory[later]}, most {memory[-1]} MiB"
        )


def print_failures(done: Sequence[Done], names: bool) -> None:
    """Why classes did not run, the most frequent reason first."""
    reasons: dict[str, list[Done]] = {}
    for item in counted(done):
        if item.run.error is not None:
            error = item.run.error
            text = re.sub(r"\d+", "N", re.sub(r"'[^']*'", "'…'", " ".join(error.message.split())))[:90]
            blame = "unverified" if error.ours else "fails"
            reasons.setdefault(f"{error.stage.value} {blame}: {error.kind}: {text}", []).append(item)
    print("\nfailures of those whose imports are there")
    for stage, count in Counter(key.partition(":")[0] for key, items in reasons.items() for _ in items).most_common():
        print(f"{count:4} {stage}")
    print()
    for reason, items in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
        print(f"{len(items):4} {reason}")
        for item in items if names else ():
            error = item.run.error
            assert error is not None, "only failures are listed"
            print(
                f"       {item.package} {item.path}:{error.row} {item.run.class_name} ({item.run.arguments[:300]}) "
                f"({item.run.inputs[:200]}) {item.run.seconds:.1f}s: {error.message[:200]}"
            )


def print_mutants(judged: Sequence[Judged], names: bool) -> None:
    """How many planted mistakes are told, alone and by the recipe of the class before."""
    for way in ("alone", "replayed"):
        print(f"\nplanted mistakes, {way}\n{'':22} {'all':>5} " + " ".join(f"{told.value:>24}" for told in Told))
        for kind in (*KINDS, None):
            chosen = [item for item in judged if kind in (None, item.mutant.kind)]
            counts = Counter(getattr(item, way) for item in chosen)
            cells = " ".join(f"{_share(counts[told], len(chosen)):>24}" for told in Told)
            print(f"{kind or 'all':22} {len(chosen):5} {cells}")
    for item in judged if names else ():
        if Told.PLACE not in (item.alone, item.replayed) or item.alone is Told.FINE:
            subject = item.mutant.after
            place = f"{item.package} {subject.path} {subject.class_name} rows {item.mutant.rows}"
            print(f"{item.mutant.kind}: {place}: {item.detail}")
