"""One package as it is: what nn-lint says of it, which classes add their input, and the mutants of those that do."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import libcst as cst
from packages import python_files
from residual_kinds import kinds_of, stacked_kinds
from residual_mutants import Mutant, Planted, Skipped, check_mutant, mutated

from nn_lint.config import Settings
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.values import Kind, is_residual_sum
from nn_lint.project.code_text import bare_code, method_code
from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import Kinship, ProjectClass
from nn_lint.runner.session import Session

RULES = "NN3"
_ADDITIONS = re.compile(r"\+|\b(?:\w*add\w*|sum|lerp\w*|iadd)\b")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding on a class as the package has it."""

    package: str
    path: str
    row: int
    name: str
    code: str
    severity: str
    message: str
    digest: str


@dataclass(slots=True)
class Scan:
    """What one package gave. `plain` are the digests of the classes that do not add their input, `adding` of those that
    do; `skipped` counts by reason the adding ones of which no mutant was made."""

    package: str
    files: int = 0
    plain: set[str] = field(default_factory=set)
    adding: set[str] = field(default_factory=set)
    findings: list[Found] = field(default_factory=list)
    mutants: list[Mutant] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def open_session(folder: Path) -> Session:
    """A session over all files of a package; their texts are kept, since every mutant looks for its uses in them."""
    paths = [path.absolute() for path in python_files(folder)]
    session = Session(Settings(folder, select=(RULES,), suspicions=True), paths)
    for path in paths:
        session.hierarchy.files.open(path)
    return session


def scan(folder: Path, package: str, makes_mutants: bool) -> Scan:
    """Check every file of a package, and make a mutant of each class that adds its input, if that is wanted."""
    result = Scan(package)
    session = open_session(folder)
    registry = session.engine._models()
    for path in python_files(folder):
        file = session.hierarchy.files.open(path.absolute())
        result.files += 1
        if file is None or not file.text.is_readable or "forward" not in file.text.content:
            continue
        digests = {}
        for cls in _modules(session, file):
            digests[cls.facts.qualified_name] = digest(file, cls)
            model, code = registry.model(cls), digests[cls.facts.qualified_name]
            if _sort(result, model, code) and makes_mutants:
                _mutate(result, session, folder, model, code)
        for item in session.engine.check(file):
            name = item.class_name or ""
            result.findings.append(
                Found(
                    package,
                    str(path.relative_to(folder)),
                    item.span.start.row,
                    name,
                    item.code,
                    item.severity.value,
                    item.message,
                    digests.get(name, ""),
                )
            )
        file.text.release()
    return result


def _modules(session: Session, file: ProjectFile) -> Iterator[ProjectClass]:
    """The modules of a file that have a forward of their own."""
    for facts in file.facts.classes:
        cls = ProjectClass(file, facts)
        if facts.method("forward") is not None and session.hierarchy.ancestry(cls).kinship is Kinship.MODULE:
            yield cls


def digest(file: ProjectFile, cls: ProjectClass) -> str:
    """What two copies of a class share: its code without comments, strings and white space."""
    source = file.text.lines.rows(cls.facts.first_row, cls.facts.end_row)
    return hashlib.sha1("".join(bare_code(source).split()).encode(), usedforsecurity=False).hexdigest()


def _sort(result: Scan, cls: ModuleClass, code: str) -> bool:
    """Count a class as adding or not, and tell which it is."""
    try:
        adds = _may_add(cls) and _adds(cls)
    except cst.ParserSyntaxError:
        return False
    (result.adding if adds else result.plain).add(code)
    return adds


def _mutate(result: Scan, session: Session, folder: Path, cls: ModuleClass, code: str) -> None:
    """Try to make a mutant of a class that adds."""
    try:
        result.mutants.append(_mutant(result.package, session, folder, cls, code))
    except Skipped as reason:
        result.skipped[str(reason)] += 1


def _may_add(cls: ModuleClass) -> bool:
    """Whether an addition is written in a method other than the constructor; a tree is built only then."""
    methods = (method.name for method in cls.facts.methods if method.name != "__init__")
    return any(_ADDITIONS.search(method_code(cls.facts, cls.text, name)) for name in methods)


def _adds(cls: ModuleClass) -> bool:
    flow = cls.flow
    return flow is not None and any(value.kind is Kind.ADD and is_residual_sum(value) for value in flow.values)


def _mutant(package: str, session: Session, folder: Path, cls: ModuleClass, code: str) -> Mutant:
    facts, file = cls.facts, cls.definition.file
    path = str(file.path.relative_to(folder.absolute()))
    kinds = tuple(kinds_of(cls))
    rows = (facts.first_row, facts.end_row)
    sources = mutated(cls)
    mutant = Mutant(package, path, facts.qualified_name, rows, kinds, code, (next(sources),))
    with Planted(session, folder.absolute(), mutant, 1) as model:
        check_mutant(model)
        stacked = tuple(stacked_kinds(model))
    return replace(mutant, kinds=(*stacked, *kinds), texts=(*mutant.texts, *sources))
