"""The rules, one a file; a rule is found by being there."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from nn_lint.rules.rule import Rule


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule of this package, in the order of their codes."""
    modules = (import_module(f"{__name__}.{entry.name}") for entry in iter_modules(__path__))
    rules = (rule for module in modules if isinstance(rule := getattr(module, "RULE", None), Rule))
    return tuple(sorted(rules, key=lambda rule: rule.code))
