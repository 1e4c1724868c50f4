"""`nn-lint rule`, the help and the version."""

from __future__ import annotations

import pytest

import nn_lint
from nn_lint.rules import all_rules
from tests.cli.conftest import Runner


@pytest.mark.parametrize("word", ["NN101", "nn101", "missing-super-init", "Missing-Super-Init"])
def test_a_rule_is_explained_by_code_or_name(run: Runner, word: str) -> None:
    result = run("rule", word)
    assert result.code == 0
    assert result.out.startswith("# NN101 missing-super-init\n")
    assert "## Why it hurts" in result.out
    assert "\x1b[" not in result.out


def test_all_rules(run: Runner) -> None:
    out = run("rule", "--all").out
    assert [line for line in out.splitlines() if line.startswith("# NN")] == [
        f"# {rule.code} {rule.name}" for rule in all_rules()
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mising-super-init",), "unknown rule `mising-super-init` (did you mean `missing-super-init`?)"),
        ((), "give the code or name of a rule, or --all"),
        (("NN101", "--all"), "give the code or name of a rule, or --all"),
    ],
)
def test_wrong_use_is_a_failure(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    result = run("rule", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_the_help_names_commands_and_the_options_of_check(run: Runner) -> None:
    result = run("--help")
    assert result.code == 0
    for word in ("check", "rule", "verify", "--fix", "--select", "--version"):
        assert word in result.out
    assert run("-h").out == result.out


def test_the_version(run: Runner) -> None:
    assert run("--version").out == f"nn-lint {nn_lint.__version__}\n"
