"""The classes that the verifier is measured on: a part of each package, drawn by a seed."""

from __future__ import annotations

import ast
import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from packages import python_files

from nn_lint.config import Settings
from nn_lint.runner.subjects import subjects_of
from nn_lint.verify.verdict import Subject

TEST_FOLDERS = {"test", "tests", "testing"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The classes of one package: how many distinct ones it has, and those that were drawn."""

    package: str
    all_classes: int
    subjects: tuple[Subject, ...]


def draw(package: str, folder: Path, most: int, seed: int) -> Drawn:
    """At most so many distinct classes with a `forward` of a package, tests and mere interfaces left out."""
    folder = folder.absolute()
    paths = [path for path in python_files(folder) if not TEST_FOLDERS & set(path.relative_to(folder).parts)]
    distinct: dict[str, Subject] = {}
    for _, subjects in subjects_of(paths, Settings(folder)):
        for subject, node in zip(subjects, map(definition, subjects)):
            if node is not None and not is_interface(node):
                digest = hashlib.sha1(ast.dump(node).encode(), usedforsecurity=False).hexdigest()
                distinct.setdefault(digest, subject)
    every = sorted(distinct.values(), key=lambda subject: (subject.path, subject.class_name))
    chance = random.Random(f"{seed} {package}")
    chosen = sorted(chance.sample(range(len(every)), min(most, len(every))))
    return Drawn(package, len(every), tuple(every[index] for index in chosen))


def definition(subject: Subject) -> ast.ClassDef | None:
    """The class statement of a subject; the last one where there are several."""
    found: ast.ClassDef | None = None
    inside: ast.AST = ast.parse(subject.text)
    for part in subject.class_name.split("."):
        nodes = [node for node in ast.walk(inside) if isinstance(node, ast.ClassDef) and node.name == part]
        if not nodes:
            return None
        inside = found = nodes[-1]
    return found


def is_interface(node: ast.ClassDef) -> bool:
    """Whether a class only shows what others must define: an abstract method, or a `forward` without a body."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            if any("abstract" in ast.unparse(decorator) for decorator in item.decorator_list):
                return True
            if item.name == "forward" and all(map(_says_nothing, item.body)):
                return True
    return False


def _says_nothing(node: ast.stmt) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass) or (isinstance(node, ast.Raise) and "NotImpl" in ast.unparse(node))
