"""One file: text and project in, diagnostics or mended text out; no reading, no writing, no user code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nn_lint.diagnostic import Applicability, Diagnostic, Fix, Severity
from nn_lint.fixing.apply import apply_edits, first_compatible
from nn_lint.project.facts import ClassFacts
from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import Hierarchy, Kinship, ProjectClass
from nn_lint.rules import load_rule
from nn_lint.rules.listing import listed_rules
from nn_lint.rules.rule import Finding, Rule
from nn_lint.source.text import Text
from nn_lint.suppression import EVERYTHING, Ignores

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModelRegistry, Slices

MAX_PASSES = 12
_ROW_BREAK = re.compile(r"\s*\n\s*")
"""In code of several rows that a message quotes."""
MOST_CALLERS = 4


@dataclass(frozen=True, slots=True)
class Mended:
    """A text after its fixes: what was applied, what is left, and the classes that were touched."""

    content: str
    applied: tuple[Diagnostic, ...]
    remaining: tuple[Diagnostic, ...]


class Engine:
    """Checks files against chosen rules. The hierarchy may read other files of the project, never writes."""

    def __init__(
        self,
        hierarchy: Hierarchy,
        codes: frozenset[str],
        *,
        suspicions: bool = False,
        ignored_in: Callable[[Path], frozenset[str]] = lambda path: frozenset(),
    ) -> None:
        self._hierarchy = hierarchy
        self._ignored_in = ignored_in
        self._hidden = frozenset() if suspicions else frozenset({Severity.SUSPICION})
        self._registry: ModelRegistry | None = None
        self._slices: Slices | None = None
        self._codes = codes
        self._loaded: dict[tuple[str, bool], tuple[Rule, ...]] = {}

    def check(self, file: ProjectFile) -> tuple[Diagnostic, ...]:
        """The findings of one file, in the order of the text, without those that comments silence."""
        try:
            return self._check(file)
        finally:
            if self._registry is not None:
                self._registry.clear()
            self._registry = None

    def _check(self, file: ProjectFile) -> tuple[Diagnostic, ...]:
        text = file.text
        found = list(self._text_findings(text))
        if text.is_readable and "class" in text.content:
            found.extend(self._class_findings(file))
        ignores = Ignores(text)
        kept = [item for item in ignores.apply(found) if item.severity not in self._hidden]
        kept.extend(self._ignore_findings(text, ignores))
        if text.refusal is not None:
            kept = [replace(item, fix=None) for item in kept]
        ignored = self._ignored_in(file.path)
        return tuple(sorted({item for item in kept if item.code not in ignored}, key=lambda item: item.sort_key))

    def fix(self, file: ProjectFile, accepts: Callable[[Diagnostic], bool]) -> Mended:
        """Apply every accepted fix, pass after pass, until nothing changes."""
        applied: list[Diagnostic] = []
        self._restore(file)
        remaining = self.check(file)
        seen = {file.text.content}
        for _ in range(MAX_PASSES):
            chosen = _choose([item for item in remaining if item.fix is not None and accepts(item)])
            text = _applied(file.text, chosen)
            if not text.is_readable:
                chosen = [item for item in chosen if _applied(file.text, [item]).is_readable]
                text = _applied(file.text, chosen)
            if not text.is_readable or text.content in seen:
                break
            after = self._hierarchy.files.add(file.path, text)
            self._forget()
            seen.add(text.content)
            applied.extend(chosen)
            file, remaining = after, self.check(after)
        return Mended(file.text.content, tuple(applied), remaining)

    def callers(self, file: ProjectFile, class_name: str) -> tuple[Path, ...]:
        """Other files near a file whose text has the name of one of its classes: the first few."""
        name = class_name.rpartition(".")[2]
        others = (other.path for other in self._hierarchy.files.mentioning(name, file) if other.path != file.path)
        return tuple(islice(others, MOST_CALLERS))

    def _restore(self, file: ProjectFile) -> None:
        self._hierarchy.files.put(file)
        self._forget()

    def _forget(self) -> None:
        """Drop what was derived from the texts, after one of them has changed."""
        self._hierarchy.forget()
        self._slices = None

    def _text_findings(self, text: Text) -> Iterator[Diagnostic]:
        for rule in self._rules("check_text"):
            assert rule.check_text is not None, "only such rules were asked for"
            for finding in rule.check_text(text):
                yield _diagnostic(rule, finding, text, None)

    def _ignore_findings(self, text: Text, ignores: Ignores) -> Iterator[Diagnostic]:
        """What rules say about comments that silenced nothing; only one that names such a rule can silence that."""
        every = tuple(ignores.unused())
        for rule in self._rules("check_ignores") if every else ():
            for unused in every:
                assert rule.check_ignores is not None, "only such rules were asked for"
                named = {word for word, _ in unused.ignore.words if word != EVERYTHING}
                if not named & {rule.code, rule.name}:
                    findings = rule.check_ignores(text, unused, self._codes)
                    yield from (_diagnostic(rule, finding, text, None) for finding in findings)

    def _class_findings(self, file: ProjectFile) -> Iterator[Diagnostic]:
        for facts in file.facts.classes:
            cls = ProjectClass(file, facts)
            rules = self._applicable(cls, file.text)
            if not rules:
                continue
            model = self._models().model(cls)
            for rule in rules:
                assert rule.check is not None, "only rules about classes are applicable to one"
                if rule.premise is not None and not rule.premise(model):
                    continue
                for finding in rule.check(model):
                    yield _restored(_diagnostic(rule, finding, file.text, facts), file.text)

    def _rules(self, part: str, *, plain: bool = False) -> tuple[Rule, ...]:
        """The chosen rules that have a check of some kind; they are imported when there is something to check."""
        key = part, plain
        if key not in self._loaded:
            self._loaded[key] = tuple(
                load_rule(listed)
                for listed in listed_rules()
                if listed.code in self._codes and part in listed.parts and listed.about_plain_classes == plain
            )
        return self._loaded[key]

    def _models(self) -> ModelRegistry:
        """The models of classes, for the check of one file; libcst is imported with the first one."""
        if self._registry is None:
            from nn_lint.model.module_class import ModelRegistry, Slices

            self._slices = self._slices or Slices()
            self._registry = ModelRegistry(self._hierarchy, self._slices, suspicions=not self._hidden)
        return self._registry

    def _applicable(self, cls: ProjectClass, text: Text) -> list[Rule]:
        """The rules whose sieve lets a class through: those about modules, unless it is none for certain.

        Of the others only those that have a `forward` can have been meant as one.
        """
        is_plain = self._hierarchy.ancestry(cls).kinship is Kinship.NONE
        if is_plain and cls.facts.method("forward") is None:
            return []
        rules = self._rules("check", plain=is_plain)
        if not rules:
            return []
        source = text.lines.rows(cls.facts.first_row, cls.facts.end_row)
        return [rule for rule in rules if rule.sieve is None or rule.sieve(cls.facts, source)]


def _choose(fixable: list[Diagnostic]) -> list[Diagnostic]:
    """The fixes of one pass: indentation first and alone, since every other fix builds on it."""
    alone = [item for item in fixable if item.code == "NN002"]
    candidates = alone or fixable
    chosen = first_compatible([item.fix.edits if item.fix else () for item in candidates])
    return [candidates[index] for index in chosen]


def _applied(text: Text, chosen: Iterable[Diagnostic]) -> Text:
    """A text with the edits of some fixes."""
    edits = dict.fromkeys(edit for item in chosen if item.fix for edit in item.fix.edits)
    return Text(apply_edits(text.lines, edits), text.filename)


def _diagnostic(rule: Rule, finding: Finding, text: Text, facts: ClassFacts | None) -> Diagnostic:
    repair = finding.repair
    fix = None
    if repair is not None:
        applicability = repair.applicability or rule.fix or Applicability.UNSAFE
        fix = Fix(applicability, repair.message, tuple(sorted(repair.edits)))
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        message=_ROW_BREAK.sub(" ", finding.message),
        filename=text.filename,
        span=finding.span,
        line=text.lines.row(finding.span.start.row),
        severity=finding.severity,
        class_name=facts.qualified_name if facts else None,
        fix=fix,
    )


def _restored(diagnostic: Diagnostic, text: Text) -> Diagnostic:
    """A diagnostic of re-indented text in the coordinates of the text as it stands in the file."""
    if text.reindented is None:
        return diagnostic
    fix = diagnostic.fix
    if fix is not None:
        fix = replace(fix, edits=tuple(text.reindented.original_edit(edit) for edit in fix.edits))
    return replace(diagnostic, span=text.reindented.original(diagnostic.span), fix=fix)


def touched_classes(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """The qualified names of the classes that fixes belong to, each once."""
    return tuple(dict.fromkeys(item.class_name for item in diagnostics if item.class_name))
