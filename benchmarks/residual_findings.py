"""Findings on packages as they are, beside what a reader of the code decided about each."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from residual_scan import Found, Scan

JUDGED = Path(__file__).parent / "residual_judged.tsv"
NOT_JUDGED = "not judged"
_Key = tuple[str, str, str, str]


def distinct_findings(scans: Sequence[Scan]) -> list[tuple[Found, str]]:
    """Each finding with its judgement; of copies of a class only the first."""
    judged = _judgements()
    distinct: dict[tuple[str, str], Found] = {}
    for result in scans:
        for item in result.findings:
            distinct.setdefault((item.digest or f"{item.path}:{item.row}", item.code), item)
    return [(item, judged.get(_key(item), (NOT_JUDGED, ""))[0]) for item in distinct.values()]


def report_findings(scans: Sequence[Scan]) -> None:
    """Print every finding with its judgement, and count the false ones against the classes that do not add."""
    judged, findings = _judgements(), distinct_findings(scans)
    print(f"{len(findings)} distinct findings on the packages as they are")
    for item, verdict in findings:
        print(f"{item.package}/{item.path}:{item.row}: {item.severity} {item.code} {item.name}: {item.message}")
        print(f"    {verdict}: {judged.get(_key(item), ('', ''))[1]}")
    whole = len(set().union(*(result.plain for result in scans)))
    counts = Counter((item.severity, verdict) for item, verdict in findings)
    for severity in ("error", "warning", "suspicion"):
        told = ", ".join(f"{counts[severity, verdict]} {verdict}" for verdict in ("true", "false", NOT_JUDGED))
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
