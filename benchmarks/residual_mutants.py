"""Blocks whose residual additions were deleted: the addition alone, what is dead after it, all that betrays it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst
import residual_dead as dead
from residual_deletion import WithoutSums
from residual_sums import residual_sums
from residual_uses import Uses, uses

from nn_lint.model.module_class import ModelRegistry
from nn_lint.model.values import Kind, is_residual_sum
from nn_lint.project.hierarchy import ProjectClass
from nn_lint.source.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from nn_lint.model.module_class import ModuleClass
    from nn_lint.project.files import ProjectFile
    from nn_lint.runner.session import Session

HARDNESSES = (1, 2, 3)


class Skipped(Exception):
    """A class that cannot be made into a mutant; the message says why."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A class of a package that adds its input, and its source without the additions, one text for each hardness.

    `rows` are the rows of the class in its file; `kinds` the lines of the table that it belongs to.
    """

    package: str
    path: str
    name: str
    rows: tuple[int, int]
    kinds: tuple[str, ...]
    digest: str
    texts: tuple[str, ...]

    @property
    def bare_name(self) -> str:
        """The name in the `class` line."""
        return self.name.split(".")[-1]


def mutated(cls: ModuleClass) -> Iterator[str]:
    """The source of a class without its residual additions, for one hardness after the other, each made when asked."""
    flow = cls.flow
    assert flow is not None, "asked only of classes with a forward"
    sums = residual_sums(cls, flow)
    if not any(found.is_input for found in sums):
        raise Skipped("no term of a residual sum is the input itself or its projection")
    if cls.definition.file.text.reindented is not None:
        raise Skipped("the file has mixed indentation")
    whole, prefix = cls.syntax._module, cls.syntax._prefix_rows
    first = whole.visit(WithoutSums(sums))
    yield _without_rows(first.code, prefix)
    before = uses(whole.code)
    second = dead.without_dead_locals(first, before.dead)
    yield _without_rows(second.code, prefix)
    yield _without_rows(_bare(second, before).code, prefix)


def _bare(module: cst.Module, before: Uses) -> cst.Module:
    """A class in which nothing but the name tells that it was residual."""
    module = dead.without_dead_locals(dead.without_idle_branches(module), before.dead)
    while unread := before.read - uses(module.code).read:
        changed = dead.without_dead_locals(dead.without_attributes(module, unread), before.dead)
        if changed.code == module.code:
            break
        module = changed
    return dead.without_words(module)


def _without_rows(code: str, count: int) -> str:
    return "".join(code.splitlines(keepends=True)[count:])


class Planted:
    """A mutant in the place of its class, within all of its package; the texts of before come back at the end."""

    def __init__(self, session: Session, folder: Path, mutant: Mutant, hardness: int) -> None:
        self._files = session.hierarchy.files
        self._hierarchy = session.hierarchy
        self._before: list[ProjectFile] = []
        self.path = folder / mutant.path
        self._mutant = mutant
        self._hardness = hardness

    def __enter__(self) -> ModuleClass:
        mutant, bare = self._mutant, self._mutant.bare_name
        original = self._files.open(self.path)
        assert original is not None, "the class was found in this file"
        content = replaced(original, mutant, self._hardness)
        if self._hardness == HARDNESSES[-1]:
            near = tuple(self._files.mentioning(bare, original))
            name = neutral_name(file.text.content for file in near)
            for file in near:
                self._put(file, renamed(content if file is original else file.text.content, bare, name))
        else:
            self._put(original, content)
        self._hierarchy.forget()
        file = self._files.open(self.path)
        assert file is not None, "it was put there"
        try:
            return class_at(file, mutant.rows[0], ModelRegistry(self._hierarchy))
        except Skipped:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        for file in self._before:
            self._files.put(file)
        self._hierarchy.forget()

    def _put(self, file: ProjectFile, content: str) -> None:
        self._before.append(file)
        self._files.add(file.path, Text(content, file.text.filename))


def replaced(file: ProjectFile, mutant: Mutant, hardness: int) -> str:
    """The text of a file with a mutant in the place of its class."""
    lines = file.text.lines
    first, last = mutant.rows
    above = lines.rows(1, first - 1) if first > 1 else ""
    below = lines.rows(last + 1, lines.count) if last < lines.count else ""
    if hardness == HARDNESSES[-1]:
        above = _COMMENTS_ABOVE.sub(lambda found: "\n" * found.group().count("\n"), above)
    return above + mutant.texts[hardness - 1] + below


_COMMENTS_ABOVE = re.compile(r"(?:^[ \t]*#[^\n]*\n)+\Z", re.MULTILINE)


def renamed(content: str, old: str, new: str) -> str:
    """A text in which a class has another name."""
    return re.sub(rf"\b{old}\b", new, content)


def neutral_name(contents: Iterable[str]) -> str:
    """`Block` and a number that none of the texts has."""
    together = "\n".join(contents)
    return next(name for number in range(17, 10_000) if (name := f"Block{number}") not in together)


def class_at(file: ProjectFile, row: int, registry: ModelRegistry) -> ModuleClass:
    """The model of the class whose first row (of its decorators, if any) this is."""
    facts = next((item for item in file.facts.classes if item.first_row == row), None)
    if facts is None:
        raise Skipped("the text does not parse after the deletion")
    return registry.model(ProjectClass(file, facts))


def check_mutant(cls: ModuleClass) -> None:
    """Raise `Skipped` where the input of a mutant may still come back, or nothing of the branch is left."""
    flow = cls.flow
    if flow is None:
        raise Skipped("the text does not parse after the deletion")
    if any(is_residual_sum(value) for value in flow.values):
        raise Skipped("another residual sum or difference is left (a whole network, a gate, a helper)")
    if not any(value.kind is Kind.LAYER for value in flow.values):
        raise Skipped("no submodule is called")
