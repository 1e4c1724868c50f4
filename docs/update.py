"""Makes anew what the documents take from the rules: the table in README.md, and the pages under docs/rules."""

from __future__ import annotations

from pathlib import Path

from nn_lint.report.manual import page, page_path
from nn_lint.report.rule_table import with_table
from nn_lint.rules import all_rules

ROOT = Path(__file__).resolve().parent.parent


def documents() -> dict[Path, str]:
    """The documents and what they should say."""
    readme = ROOT / "README.md"
    return {
        readme: with_table(readme.read_text("utf-8"), all_rules()),
        **{ROOT / "docs" / page_path(rule.code, rule.name): page(rule) for rule in all_rules()},
    }


if __name__ == "__main__":
    for old in (ROOT / "docs" / "rules").glob("*.md"):
        old.unlink()
    for path, text in documents().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
