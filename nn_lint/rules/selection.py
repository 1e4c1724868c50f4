"""Which rules are on: selectors are codes, prefixes of codes, names or `ALL`, and the more specific one wins."""

from __future__ import annotations

from pathlib import Path

from nn_lint.config import ConfigError, Settings, nearest
from nn_lint.rules import load_rule
from nn_lint.rules.listing import ListedRule, listed_rules
from nn_lint.rules.rule import Rule
from nn_lint.source.discovery import is_excluded

_EVERYTHING = "ALL"


def select_rules(settings: Settings) -> frozenset[str]:
    """The codes of the rules that are on.

    Without `select` these are the rules of the default set. Among the selectors that match a rule the most specific
    decides: a code or name beats a prefix, a longer prefix a shorter one; at equal length `ignore` wins.
    """
    for _, words in settings.per_file_ignores:
        _codes(words)
    chosen = [_resolve(word) for word in (*settings.select, *settings.extend_select)]
    ignored = [_resolve(word) for word in settings.ignore]
    return frozenset(rule.code for rule in listed_rules() if _is_on(rule, settings, chosen, ignored))


def ignored_in(path: Path, settings: Settings) -> frozenset[str]:
    """The codes that `per-file-ignores` leaves out of a file."""
    matching = (words for pattern, words in settings.per_file_ignores if is_excluded(path, settings.root, (pattern,)))
    return frozenset(code for words in matching for code in _codes(words))


def find_rule(word: str) -> Rule:
    """The rule of this code or name, in any case; raises `ConfigError` that names the nearest."""
    for rule in listed_rules():
        if word.upper() == rule.code or word.lower() == rule.name:
            return load_rule(rule)
    raise ConfigError(f"unknown rule `{word}`{nearest(word, _known_words())}")


def _is_on(rule: ListedRule, settings: Settings, chosen: list[str], ignored: list[str]) -> bool:
    strongest_choice = max((len(prefix) for prefix in chosen if rule.code.startswith(prefix)), default=-1)
    strongest_ignore = max((len(prefix) for prefix in ignored if rule.code.startswith(prefix)), default=-1)
    if strongest_choice < 0 and not settings.select and rule.default:
        strongest_choice = 0
    return strongest_choice > strongest_ignore


def _codes(words: tuple[str, ...]) -> frozenset[str]:
    prefixes = tuple(_resolve(word) for word in words)
    return frozenset(rule.code for rule in listed_rules() if rule.code.startswith(prefixes))


def _resolve(word: str) -> str:
    """The prefix of codes that a selector stands for."""
    if word == _EVERYTHING:
        return ""
    for rule in listed_rules():
        if word == rule.name:
            return rule.code
    if word and any(rule.code.startswith(word) for rule in listed_rules()):
        return word
    raise ConfigError(f"unknown rule selector `{word}`{nearest(word, _known_words())}")


def _known_words() -> tuple[str, ...]:
    return (_EVERYTHING, *(rule.code for rule in listed_rules()), *(rule.name for rule in listed_rules()))
