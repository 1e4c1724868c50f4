"""Findings on packages as they are, beside what a reader of the code decided about each."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from residual_scan import Found, Scan

JUDGED = Path(__file__).parent / "residual_judged.tsv"
_Key = tuple[str, str, str, str]


def report_findings(scans: Sequence[Scan]) -> None:
    """Print every finding with its judgement, and count the false ones against the classes that do not add."""
    judged = _judgements()
    findings = [item for result in scans for item in result.findings]
    distinct: dict[tuple[str, str], Found] = {}
    for item in findings:
        distinct.setdefault((item.digest or f"{item.path}:{item.row}", item.code), item)
    print(f"findings on the packages as they are: {len(findings)}, {len(distinct)} distinct")
    counts: Counter[tuple[str, str]] = Counter()
    for item in distinct.values():
        verdict, reason = judged.get(_key(item), ("not judged", ""))
        counts[item.severity, verdict] += 1
        print(f"{item.package}/{item.path}:{item.row}: {item.severity} {item.code} {item.name}: {item.message}")
        print(f"    {verdict}{': ' if reason else ''}{reason}")
    whole = len(set().union(*(result.plain for result in scans)))
    for severity in ("error", "warning"):
        told = ", ".join(f"{counts[severity, verdict]} {verdict}" for verdict in ("true", "false", "not judged"))
        print(f"{severity}s among {whole} distinct classes that do not add their input: {told}")
    print()


def _judgements() -> dict[_Key, tuple[str, str]]:
    """Package, path, class and code to verdict and reason."""
    if not JUDGED.exists():
        return {}
    with JUDGED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {(row["package"], row["path"], row["class"], row["code"]): (row["verdict"], row["reason"]) for row in rows}


def _key(item: Found) -> _Key:
    return item.package.split("==")[0], item.path, item.name, item.code
