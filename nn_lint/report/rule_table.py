"""The table of rules in the README: made from the rules, put between two markers."""

from __future__ import annotations

from collections.abc import Iterable

from nn_lint.report.manual import fix_word, page_path
from nn_lint.rules.rule import Rule

BEGIN = "<!-- rules: begin (made by docs/update.py) -->"
END = "<!-- rules: end -->"


def table(rules: Iterable[Rule]) -> str:
    """A Markdown table with one row a rule, linked to its manual page."""
    rows = ["| code | name | fix | catches |", "|---|---|---|---|"]
    for rule in rules:
        link = f"[{rule.code}](docs/{page_path(rule.code, rule.name)})"
        off = "" if rule.default else " *(off by default)*"
        rows.append(f"| {link} | `{rule.name}` | {fix_word(rule)} | {rule.summary.replace('|', chr(92) + '|')}{off} |")
    return "\n".join(rows) + "\n"


def with_table(text: str, rules: Iterable[Rule]) -> str:
    """A text with the table between its markers made anew."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the text lacks the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table(rules)}{END}{after}"
