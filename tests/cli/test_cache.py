"""The command line with its cache: the same output, nothing stale is mended, and it can be left out and emptied."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import GOOD, Runner


def states(folder: Path) -> list[Path]:
    return list(folder.glob("*.findings"))


def test_a_second_run_says_the_same(run: Runner, cache_folder: Path) -> None:
    first = run(".")
    assert len(states(cache_folder)) == 1
    assert run(".") == first
    assert run("--no-cache", ".") == first


@pytest.mark.parametrize("style", ["full", "concise", "json"])
def test_every_format_can_show_kept_findings(style: str, run: Runner) -> None:
    arguments = ("--output-format", style, ".")
    assert run(*arguments) == run(*arguments) == run("--no-cache", *arguments)


def test_without_a_cache_nothing_is_written(run: Runner, cache_folder: Path) -> None:
    run("--no-cache", ".")
    assert not states(cache_folder)


def test_clean_empties_it(run: Runner, cache_folder: Path) -> None:
    run(".")
    done = run("clean")
    assert (done.code, done.out[:14]) == (0, "Removed 1 file")
    assert not states(cache_folder)


def test_a_mended_file_is_clean_in_the_next_run(run: Runner, project: Path) -> None:
    assert run(".").code == 1
    assert run("--fix", "--no-verify", ".").code == 0
    assert (project / "bad.py").read_text() == GOOD
    assert run(".").code == 0


def test_nothing_is_mended_by_what_was_found_before(run: Runner, project: Path) -> None:
    run("--fix", "--no-verify", ".")
    changed = GOOD.replace("super().__init__()", "super().__init__()  # by hand")
    (project / "bad.py").write_text(changed)
    assert run("--fix", "--no-verify", ".").code == 0
    assert (project / "bad.py").read_text() == changed


def test_unknown_rules_are_refused_whatever_was_kept(run: Runner) -> None:
    run(".")
    assert run("--select", "NN999", ".").code == 2
    assert run("--select", "NN999", ".").code == 2
