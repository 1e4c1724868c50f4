"""What is written about the package is what it is: tables, pages, commands, version."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import nn_lint
from nn_lint.cli.app import app
from nn_lint.report.manual import page, page_path, url
from nn_lint.report.rule_table import table, with_table
from nn_lint.rules import all_rules
from nn_lint.rules.rule import Rule

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_table_of_rules_is_fresh() -> None:
    assert with_table(README, all_rules()) == README, "run: python docs/update.py"


def test_there_is_one_fresh_page_for_each_rule() -> None:
    pages = {path.relative_to(ROOT / "docs").as_posix(): path for path in (ROOT / "docs" / "rules").iterdir()}
    assert {page_path(rule.code, rule.name) for rule in all_rules()} == set(pages), "run: python docs/update.py"
    for rule in all_rules():
        text = pages[page_path(rule.code, rule.name)].read_text("utf-8")
        assert text == page(rule), "run: python docs/update.py"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_the_address_of_a_rule_is_that_of_its_page(rule: Rule) -> None:
    assert url(rule.code, rule.name).endswith(f"/docs/{page_path(rule.code, rule.name)}")
    assert "## Why it hurts" in page(rule)


def test_the_table_has_a_row_for_each_rule() -> None:
    rows = table(all_rules()).splitlines()
    assert len(rows) == 2 + len(all_rules())
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)


def test_a_text_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the markers"):
        with_table("no table here", all_rules())


def test_every_local_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"(?:\]\(|src=\")([^)\"#]+)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_every_option_that_the_readme_names_exists() -> None:
    help_texts = [CliRunner().invoke(app, [*command, "--help"]).output for command in ([], ["rule"], ["verify"])]
    known = set(re.findall(r"--[a-z-]+", " ".join(help_texts)))
    for line in re.findall(r"^\s*(?:\S*/)?nn-lint .*$", README, re.MULTILINE):
        named = {word.split("=")[0] for word in shlex.split(line, comments=True) if word.startswith("--")}
        assert named <= known, line


def test_every_key_that_the_readme_names_is_read(tmp_path: Path) -> None:
    from nn_lint.config import load_settings

    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(block)
    assert load_settings(tmp_path).select


def test_the_readme_names_the_command_that_ci_runs() -> None:
    assert "pip install -e '.[dev]'" in README.replace("-q ", "")
    assert "pytest" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_version_and_torch_of_the_tests_are_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    pinned = next(item for item in project["optional-dependencies"]["dev"] if item.startswith("torch"))
    assert set(re.findall(r"torch==[\d.]+\d", README)) <= {pinned}
    assert CliRunner().invoke(app, ["--version"]).output == f"nn-lint {nn_lint.__version__}\n"
