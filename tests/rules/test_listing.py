"""The list of rules, made from the text of their files, says what the rules themselves say."""

from __future__ import annotations

from dataclasses import fields
from pkgutil import iter_modules

import nn_lint.rules
from nn_lint.rules import all_rules, load_rule
from nn_lint.rules.listing import listed_rules
from nn_lint.rules.rule import Rule


def test_every_file_with_a_rule_is_listed() -> None:
    modules = {entry.name for entry in iter_modules(nn_lint.rules.__path__)}
    assert modules - {item.module for item in listed_rules()} == {"listing", "rule", "selection"}
    assert len({rule.code for rule in all_rules()}) == len(listed_rules())


def test_the_list_tells_the_truth() -> None:
    defaults = {item.name: item.default for item in fields(Rule)}
    for listed in listed_rules():
        rule = load_rule(listed)
        assert (rule.code, rule.name, rule.default) == (listed.code, listed.name, listed.default)
        assert rule.about_plain_classes == listed.about_plain_classes
        for part in set(defaults) - {"examples"}:
            if part not in listed.parts:
                assert getattr(rule, part) == defaults[part], (listed, part)
