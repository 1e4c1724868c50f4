"""What nn-lint says of mutants: found or missed, as an error or a warning, with or without a repair, and why not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from residual_mutants import HARDNESSES, Mutant, Planted, Skipped
from residual_scan import RULES, open_session
from residual_why import why

from nn_lint.diagnostic import Severity
from nn_lint.model.module_class import ModuleClass
from nn_lint.rules import all_rules
from nn_lint.rules.rule import Finding

SHOWN = frozenset({Severity.ERROR, Severity.WARNING})
"""What is reported unless more is asked for."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One mutant at one hardness. `severity` is the strongest of its findings, empty where there is none."""

    mutant: Mutant
    hardness: int
    severity: str
    codes: tuple[str, ...]
    repairable: bool
    why: str = ""

    @property
    def is_found(self) -> bool:
        """Whether it is reported unless more is asked for."""
        return self.severity in {item.value for item in SHOWN}


def check(folder: Path, mutants: Sequence[Mutant], hardnesses: Sequence[int] = HARDNESSES) -> list[Checked]:
    """Check mutants of one package."""
    session = open_session(folder)
    results = []
    for mutant in mutants:
        for hardness in hardnesses:
            try:
                with Planted(session, folder.absolute(), mutant, hardness) as cls:
                    results.append(_checked(mutant, hardness, cls))
            except Skipped as reason:
                print(f"{mutant.package} {mutant.name} left out at {hardness}: {reason}", file=sys.stderr)
    return results


def _checked(mutant: Mutant, hardness: int, cls: ModuleClass) -> Checked:
    found = list(findings(cls))
    severities = {finding.severity for _, finding in found}
    strongest = next((item for item in Severity if item in severities), None)
    return Checked(
        mutant,
        hardness,
        "" if strongest is None else strongest.value,
        tuple(dict.fromkeys(code for code, _ in found)),
        any(finding.repair is not None and finding.severity in SHOWN for _, finding in found),
        "" if severities & SHOWN else why(cls),
    )


def findings(cls: ModuleClass) -> Iterator[tuple[str, Finding]]:
    """What the residual rules say of one class, with their codes."""
    for rule in all_rules():
        if not rule.code.startswith(RULES) or rule.check is None:
            continue
        if rule.sieve is None or rule.sieve(cls.facts, cls.text):
            yield from ((rule.code, finding) for finding in rule.check(cls))
