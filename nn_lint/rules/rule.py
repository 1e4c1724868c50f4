"""What a rule is: its code and name, its manual page, its check, its sieve and its examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

from nn_lint.diagnostic import Applicability, Edit, Severity, Span

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass
    from nn_lint.project.facts import ClassFacts
    from nn_lint.source.text import Text
    from nn_lint.suppression import UnusedIgnore


@dataclass(frozen=True, slots=True)
class Repair:
    """The edits that mend a finding. `applicability` defaults to the rule's own."""

    message: str
    edits: tuple[Edit, ...]
    applicability: Applicability | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule's check yields: where, what, and how to mend it."""

    span: Span
    message: str
    repair: Repair | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Example:
    """A piece of source: lines marked `# NN101` must be reported by the rule, a text without marks must stay silent.

    `fixed` is the text after all the rule's fixes, without the marks. `others` are further files of the same project,
    path and text.
    """

    source: str
    fixed: str | None = None
    others: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The source without its outer indentation."""
        return dedent(self.source).lstrip("\n")

    @property
    def fixed_text(self) -> str | None:
        """The fixed source without its outer indentation."""
        return None if self.fixed is None else dedent(self.fixed).lstrip("\n")


@dataclass(frozen=True, slots=True)
class Rule:
    """One mistake that nn-lint knows.

    `check` judges one class, `check_text` one file as text, `check_ignores` a comment that silenced nothing, given the
    codes of the rules that ran; a rule has one of them. `sieve` is a necessary condition for a finding over the cheap
    facts and the source of a class, and `premise` one that may also ask CPython's tree and the project: both are there
    to spare libcst. `fix` is the strongest fix that the rule ever offers. `about_plain_classes`: it judges the classes
    that are no modules, instead of those that are or may be.
    """

    code: str
    name: str
    doc: str
    examples: tuple[Example, ...]
    fix: Applicability | None = None
    check: Callable[[ModuleClass], Iterator[Finding]] | None = None
    check_text: Callable[[Text], Iterator[Finding]] | None = None
    check_ignores: Callable[[Text, UnusedIgnore, frozenset[str]], Iterator[Finding]] | None = None
    sieve: Callable[[ClassFacts, str], bool] | None = None
    premise: Callable[[ModuleClass], bool] | None = None
    default: bool = True
    about_plain_classes: bool = False

    @property
    def summary(self) -> str:
        """The first paragraph of the manual page, on one line."""
        return " ".join(self.doc.strip().split("\n\n")[0].split())
