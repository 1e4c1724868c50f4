"""How many planted mistakes are found, and mended to what stood there before: `python benchmarks/planted.py`.

Each rule that fixes has a mistake of its own in `planted_mistakes.py`, planted into classes of real packages that
nn-lint is silent about. A mutant counts as mended when the fixes of the rule give the syntax tree of the original back,
and as mended to the same output when they give that, or another text that computes the same: the planter says which.
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
from planted_mistakes import PLANTERS
from planted_place import Mutant, Place

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
    fixable: bool
    same_tree: bool
    same_output: bool


def main() -> None:
    """Plant, check, mend, and print a row for each rule."""
    given = _arguments()
    folders = [given.folder / name if given.folder else unpacked(name) for name in given.packages or PACKAGES]
    with ProcessPoolExecutor(given.jobs) as pool:
        batches = pool.map(partial(plant, most=given.most, seed=given.seed, codes=given.select), folders)
        outcomes = [item for batch in batches for item in batch]
    print(f"{len(folders)} packages, at most {given.most} mutants a rule and package, seed {given.seed}\n")
    print("| rule | planted | found | a fix offered | mended to the same tree | or to the same output |")
    print("|---|---|---|---|---|---|")
    names = {rule.code: rule.name for rule in all_rules()}
    for code in sorted({item.code for item in outcomes}):
        rows = [item for item in outcomes if item.code == code]
        flags = ((item.found, item.fixable, item.same_tree, item.same_output) for item in rows)
        counts = [sum(values) for values in zip(*flags)]
        shares = " | ".join(f"{count} ({100 * count / len(rows):.0f} %)" for count in counts)
        print(f"| {code} {names[code]} | {len(rows)} | {shares} |")
    if given.missed:
        for item in outcomes:
            if not item.same_output:
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
            for code, name, mutant, loud in _mutants(session, path, text, tree, left):
                outcomes.append(_outcome(session, path, ast.dump(tree), (code, name, mutant), loud))
            session.open(path, Decoded(text))
    return outcomes


def _mutants(
    session: Session, path: Path, text: str, tree: ast.Module, left: Counter[str]
) -> Iterator[tuple[str, str, Mutant, set[str | None]]]:
    """One mutant a class and rule, where nn-lint says nothing of the class as it is, and the classes where it does."""
    file = session.open(path, Decoded(text))
    nodes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    loud: set[str | None] | None = None
    for name, facts in list(file.classes.items()):
        kinship = session.hierarchy.ancestry(ProjectClass(file, facts)).kinship
        if name not in nodes or kinship is not Kinship.MODULE:
            continue
        place = Place(text, tree, nodes[name])
        for code in [code for code, number in left.items() if number]:
            mutant = next((item for item in PLANTERS[code](place) if _parses(item.text)), None)
            if mutant is not None and loud is None:
                loud = {item.class_name for item in session.engine.fix(file, lambda item: False).remaining}
            if mutant is not None and loud is not None and name not in loud:
                left[code] -= 1
                yield code, name, mutant, loud


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _outcome(
    session: Session, path: Path, original: str, planted: tuple[str, str, Mutant], loud: set[str | None]
) -> Outcome:
    code, name, mutant = planted
    file = session.open(path, Decoded(mutant.text))
    remaining = session.engine.fix(file, lambda item: False).remaining
    found = [item for item in remaining if item.code == code and item.class_name not in loud]
    mended = session.engine.fix(file, lambda item: item.code == code and item.class_name not in loud)
    tree = ast.dump(ast.parse(mended.content)) if mended.applied and _parses(mended.content) else ""
    others = {ast.dump(ast.parse(text)) for text in mutant.also_right} if tree != original else set()
    is_fixable = any(item.fix is not None for item in found)
    return Outcome(code, f"{path}:{name}", bool(found), is_fixable, tree == original, tree in {original, *others})


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
