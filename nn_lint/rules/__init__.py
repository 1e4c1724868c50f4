"""The rules, one a file; a rule is found by being there."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from nn_lint.rules.listing import ListedRule, listed_rules
from nn_lint.rules.rule import Rule


def load_rule(listed: ListedRule) -> Rule:
    """The rule of an entry of the list, with all that its check needs."""
    rule = import_module(f"{__name__}.{listed.module}").RULE
    assert isinstance(rule, Rule), "what is listed is a rule"
    return rule


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule of this package, in the order of their codes."""
    return tuple(map(load_rule, listed_rules()))
