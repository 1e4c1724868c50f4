"""Holds every rule to its examples: marked rows are reported, nothing else is, and fixes converge."""

from __future__ import annotations

import ast

import pytest

from nn_lint.rules import all_rules
from nn_lint.rules.rule import Example, Rule

from .harness import ALL_CODES, check, fix, marked_rows, unmarked

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.code}-{number}")
    for rule in all_rules()
    for number, example in enumerate(rule.examples)
]


def codes_of(rule: Rule) -> frozenset[str]:
    """The rule alone, unless it judges what the others leave to do."""
    return frozenset({rule.code}) if rule.check_ignores is None else ALL_CODES


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_marked_rows_and_no_others_are_reported(rule: Rule, example: Example) -> None:
    found = [
        item for item in check(unmarked(example.text), codes=codes_of(rule), example=example) if item.code == rule.code
    ]
    assert [item.span.start.row for item in found] == marked_rows(example.text, rule.code), found


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_silent_examples_are_silent_for_every_default_rule(rule: Rule, example: Example) -> None:
    if marked_rows(example.text, rule.code):
        return
    default = frozenset(item.code for item in all_rules() if item.default)
    assert check(unmarked(example.text), codes=default, example=example) == ()


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_fixes_converge_and_parse(rule: Rule, example: Example) -> None:
    codes = codes_of(rule)
    before = check(unmarked(example.text), codes=codes, example=example)
    mended = fix(unmarked(example.text), codes=codes, example=example)
    if example.fixed_text is not None:
        assert mended.content == example.fixed_text
    if not any(item.fix for item in before):
        assert mended.content == unmarked(example.text)
        return
    ast.parse(mended.content)
    assert not any(item.fix for item in mended.remaining)
    assert fix(mended.content, codes=codes, example=example).content == mended.content
    assert len(mended.remaining) < len(before)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_a_rule_has_loud_and_silent_examples(rule: Rule) -> None:
    loud = [example for example in rule.examples if marked_rows(example.text, rule.code)]
    silent = [example for example in rule.examples if not marked_rows(example.text, rule.code)]
    assert loud
    assert silent
    assert rule.doc.strip().startswith(("An ", "A ", "The ", "`"))


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_a_rule_that_promises_a_fix_shows_it(rule: Rule) -> None:
    assert (rule.fix is None) == all(example.fixed is None for example in rule.examples)
