"""Every finding on real packages, with what a reader of the code decided of it: `python benchmarks/precision.py`.

The packages are those of `precision/packages.txt` or the ones that are named, and the `torch/nn` of the torch that is
installed. Judgements stand in `precision/judged.tsv`; a finding is known again by package, file, class, code and the
text of its row.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from packages import python_files, unpacked

from nn_lint.config import Settings
from nn_lint.project.hierarchy import Kinship, ProjectClass
from nn_lint.runner.session import Session
from nn_lint.source.decoding import UndecodableError, decode

PACKAGES = tuple((Path(__file__).parent / "precision" / "packages.txt").read_text("utf-8").split())
JUDGED = Path(__file__).parent / "precision" / "judged.tsv"
VERDICTS = ("true", "false", "never run", "not judged")
"""`never run`: it would fail if it were run, but a generator reads the file as a template."""
FIELDS = ("package", "path", "class", "code", "row", "verdict", "reason")
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, as plain values."""

    key: _Key
    number: int
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was found in a package of so many files and nn.Module classes."""

    package: str
    files: int
    classes: int
    findings: tuple[Found, ...]


def main() -> None:
    """Print each finding that is not judged or false, a row for each rule, and the sum of all."""
    given = _arguments()
    folders = {name: given.folder / name if given.folder else unpacked(name) for name in given.packages or PACKAGES}
    if not given.packages:
        folders["torch.nn"] = torch_nn()
    with ProcessPoolExecutor(given.jobs) as pool:
        scanned = list(pool.map(partial(scan, select=tuple(given.select)), folders, folders.values()))
    judged = judgements()
    findings = [item for result in scanned for item in result.findings]
    for item in findings:
        verdict, reason = judged.get(item.key, ("not judged", ""))
        if given.every or verdict != "true":
            package, path, name, code, row = item.key
            print(f"{package}/{path}:{item.number}: {code} {item.severity} {name}: {item.message}")
            print(f"    {row}\n    {verdict}: {reason}")
    _print_table(findings, judged)
    files, classes = sum(item.files for item in scanned), sum(item.classes for item in scanned)
    print(f"\n{len(scanned)} packages, {files} files, {classes} nn.Module classes, {len(findings)} findings")
    if given.write:
        _write(given.write, findings, judged)


def scan(package: str, folder: Path, *, select: tuple[str, ...]) -> Scanned:
    """Check every file of a package with the default set, or with some rules."""
    paths = python_files(folder)
    session = Session(Settings(folder, select=select), paths)
    classes, findings = 0, []
    for path in paths:
        try:
            file = session.open(path, decode(path.read_bytes()))
        except (OSError, UndecodableError):
            continue
        members = (session.hierarchy.ancestry(ProjectClass(file, facts)) for facts in file.facts.classes)
        classes += sum(ancestry.kinship is Kinship.MODULE for ancestry in members)
        for item in session.engine.check(file):
            place = path.relative_to(folder).as_posix()
            key = (package.split("==")[0], place, item.class_name or "", item.code, " ".join(item.line.split()))
            message = " ".join(item.message.split())
            findings.append(Found(key, item.span.start.row, item.severity.value, message))
        file.text.release()
    return Scanned(package, len(paths), classes, tuple(findings))


def torch_nn() -> Path:
    """The sources of `torch.nn`, found without importing torch."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise SystemExit("torch is not installed here: name packages instead")
    return Path(spec.origin).parent / "nn"


def judgements() -> dict[_Key, tuple[str, str]]:
    """What was decided of each finding, and why."""
    if not JUDGED.exists():
        return {}
    with JUDGED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {tuple(row[name] for name in FIELDS[:5]): (row["verdict"], row["reason"]) for row in rows}


def _print_table(findings: Sequence[Found], judged: dict[_Key, tuple[str, str]]) -> None:
    counts = Counter((item.key[3], judged.get(item.key, ("not judged",))[0]) for item in findings)
    print(f"\n| rule | {' | '.join(VERDICTS)} |\n|{'---|' * (len(VERDICTS) + 1)}")
    for code in (*sorted({code for code, _ in counts}), "all"):
        numbers = (_count(counts, code, verdict) for verdict in VERDICTS)
        print(f"| {code} | {' | '.join(map(str, numbers))} |")


def _count(counts: Counter[tuple[str, str]], code: str, verdict: str) -> int:
    return sum(number for (each, said), number in counts.items() if said == verdict and code in (each, "all"))


def _write(target: Path, findings: Iterable[Found], judged: dict[_Key, tuple[str, str]]) -> None:
    """The table of judgements for these findings, those of others left out."""
    with target.open("w", encoding="utf-8", newline="") as file:
        file.writelines("\t".join(row) + "\n" for row in (FIELDS, *_rows(findings, judged)))


def _rows(findings: Iterable[Found], judged: dict[_Key, tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    for item in sorted(findings, key=lambda item: item.key):
        yield (*item.key, *judged.get(item.key, ("not judged", item.message)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", help="such as timm==1.0.31")
    parser.add_argument("--folder", type=Path, help="where the packages lie unpacked, each in a folder of its name")
    parser.add_argument("--select", nargs="*", default=(), help="these rules instead of the default set")
    parser.add_argument("--every", action="store_true", help="print the true findings too")
    parser.add_argument("--write", type=Path, help="write the table of judgements, with what is not judged yet")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
