"""How many planted mistakes are found, and mended to what stood there before: `python benchmarks/planted.py`.

Each rule that fixes has a mistake of its own in `planted_mistakes.py`, planted into classes of real packages that
nn-lint is silent about. A mutant counts as mended when all fixes together give the syntax tree of the original back.
The residual rules have a benchmark of their own, `residual.py`.
"""

from __future__ import annotations

import argparse
import ast
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from packages import python_files, unpacked
from planted_mistakes import PLANTERS, Place

from nn_lint.config import Settings
from nn_lint.project.hierarchy import Kinship, ProjectClass
from nn_lint.rules import all_rules
from nn_lint.runner.session import Session
from nn_lint.source.decoding import Decoded, UndecodableError, decode

PACKAGES = tuple((Path(__file__).parent / "residual_packages.txt").read_text("utf-8").split())


@dataclass(frozen=True, slots=True)
class Outcome:
    """One mutant: which mistake was planted where, and what became of it."""

    code: str
    place: str
    found: bool
    mended: bool
    fixable: bool


def main() -> None:
    """Plant, check, mend, and print a row for each rule."""
    given = _arguments()
    folders = [given.folder / name if given.folder else unpacked(name) for name in given.packages or PACKAGES]
    with ProcessPoolExecutor(given.jobs) as pool:
        batches = pool.map(partial(plant, most=given.most, seed=given.seed, codes=given.select), folders)
        outcomes = [item for batch in batches for item in batch]
    print(f"{len(folders)} packages, at most {given.most} mutants a rule and package, seed {given.seed}\n")
    print("| rule | planted | found | a fix offered | mended to the same tree |\n|---|---|---|---|---|")
    names = {rule.code: rule.name for rule in all_rules()}
    for code in sorted({item.code for item in outcomes}):
        rows = [item for item in outcomes if item.code == code]
        counts = [sum(values) for values in zip(*((item.found, item.fixable, item.mended) for item in rows))]
        shares = " | ".join(f"{count} ({100 * count / len(rows):.0f} %)" for count in counts)
        print(f"| {code} {names[code]} | {len(rows)} | {shares} |")
    if given.missed:
        for item in outcomes:
            if not item.mended:
                print(item.code, "not mended" if item.found else "missed", item.place)


def plant(folder: Path, *, most: int, seed: int, codes: tuple[str, ...]) -> list[Outcome]:
    """The outcomes of one package."""
    warnings.simplefilter("ignore")
    paths = python_files(folder)
    wanted = [code for code in sorted(codes or PLANTERS) if any(rule.code == code for rule in all_rules())]
    session = Session(Settings(folder, select=tuple(wanted)), paths)
    left = Counter(dict.fromkeys(wanted, most))
    outcomes: list[Outcome] = []
    for path in sorted(paths, key=lambda path: sha256(f"{seed}{path.name}".encode()).digest()):
        try:
            text = decode(path.read_bytes()).text
            tree = ast.parse(text)
        except (OSError, UndecodableError, SyntaxError, ValueError):
            continue
        if "nn.Module" in text and any(left.values()):
            for code, name, mutant in _mutants(session, path, text, tree, left):
                outcomes.append(_outcome(session, path, ast.dump(tree), (code, name, mutant)))
            session.open(path, Decoded(text))
    return outcomes


def _mutants(
    session: Session, path: Path, text: str, tree: ast.Module, left: Counter[str]
) -> Iterator[tuple[str, str, str]]:
    """One mutant a class and rule, where nn-lint says nothing of the class as it is."""
    file = session.open(path, Decoded(text))
    loud = {item.class_name for item in session.engine.fix(file, lambda item: False).remaining}
    nodes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for name, facts in list(file.classes.items()):
        kinship = session.hierarchy.ancestry(ProjectClass(file, facts)).kinship
        if name not in nodes or name in loud or kinship is not Kinship.MODULE:
            continue
        for code in [code for code, number in left.items() if number]:
            mutant = next(PLANTERS[code](Place(text, nodes[name])), None)
            if mutant is not None and _parses(mutant):
                left[code] -= 1
                yield code, name, mutant


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _outcome(session: Session, path: Path, original: str, planted: tuple[str, str, str]) -> Outcome:
    code, name, mutant = planted
    file = session.open(path, Decoded(mutant))
    found = [item for item in session.engine.fix(file, lambda item: False).remaining if item.code == code]
    mended = session.engine.fix(file, lambda item: item.code == code)
    back = _parses(mended.content) and ast.dump(ast.parse(mended.content)) == original
    is_fixable = any(item.fix is not None for item in found)
    return Outcome(code, f"{path}:{name}", bool(found), back and bool(mended.applied), is_fixable)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", help="such as timm==1.0.31; without any, those of residual_packages.txt")
    parser.add_argument("--folder", type=Path, help="where the packages lie unpacked, each in a folder of its name")
    parser.add_argument("--select", nargs="*", default=(), help="the codes to plant")
    parser.add_argument("--most", type=int, default=10, help="mutants a rule and package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--missed", action="store_true", help="list what was missed or not mended")
    return parser.parse_args()


if __name__ == "__main__":
    main()
