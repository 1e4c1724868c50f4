"""Findings that are left for later: counted, silenced by comments, kept in a baseline, ignored by file."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tests.cli.conftest import BAD, Runner

FOUND = "bad.py:5:9: NN101 [*] `Net.__init__` never calls `super().__init__()`\n"


def test_statistics_count_by_rule(run: Runner, project: Path) -> None:
    (project / "worse.py").write_text(BAD + BAD.replace("Net", "Other").replace("forward(self, x)", "forward(x)"))
    result = run("--statistics")
    assert result.out.splitlines()[:2] == ["3  NN101  [*]  missing-super-init", "1  NN201  [*]  missing-self"]
    assert result.code == 1
    counted = json.loads(run("--statistics", "--output-format", "json").out)
    assert counted[0] == {"code": "NN101", "name": "missing-super-init", "count": 3, "fixable_count": 3}


def test_comments_silence_what_is_found_now(run: Runner, project: Path) -> None:
    before = (project / "bad.py").read_text()
    result = run("--add-ignore")
    assert (result.code, result.err) == (0, "Silenced 1 finding.\n")
    after = (project / "bad.py").read_text()
    assert "    def __init__(self):  # nn-lint: ignore[NN101]\n" in after
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(before))
    assert run().code == 0


def test_comments_can_be_looked_at_first(run: Runner, project: Path) -> None:
    result = run("--add-ignore", "--diff")
    assert "+    def __init__(self):  # nn-lint: ignore[NN101]\n" in result.out
    assert (project / "bad.py").read_text() == BAD


def test_a_code_joins_the_comment_that_is_there(run: Runner, project: Path) -> None:
    text = BAD.replace("def __init__(self):", "def __init__():  # nn-lint: ignore[NN201]")
    (project / "bad.py").write_text(text)
    run("--add-ignore")
    assert "# nn-lint: ignore[NN201, NN101]\n" in (project / "bad.py").read_text()


def test_what_no_comment_can_silence_is_still_reported(run: Runner, project: Path) -> None:
    (project / "bad.py").write_text("class Net(:\n")
    result = run("--add-ignore")
    assert result.code == 1
    assert "NN001" in result.out
    assert (project / "bad.py").read_text() == "class Net(:\n"


def test_every_byte_but_the_comment_stays(run: Runner, project: Path) -> None:
    data = ("# coding: cp1251\r\n" + BAD.replace("\n", "\r\n") + "x = 'привет'").encode("cp1251")
    (project / "bad.py").write_bytes(data)
    run("--add-ignore")
    comment = b"  # nn-lint: ignore[NN101]"
    assert (project / "bad.py").read_bytes().replace(comment, b"") == data


@pytest.mark.parametrize("other", ["--fix", "-", "--write-baseline=x.json"])
def test_add_ignore_is_alone(run: Runner, other: str) -> None:
    assert run("--add-ignore", other).code == 2


def test_a_baseline_hides_what_it_has_although_rows_shift(run: Runner, project: Path) -> None:
    assert run("--write-baseline", "known.json").err == "Wrote 1 finding to known.json.\n"
    assert run("--baseline", "known.json").code == 0
    (project / "bad.py").write_text("import os\n\n" + BAD)
    assert run("--baseline", "known.json").code == 0
    (project / "bad.py").write_text(BAD + BAD.replace("Net", "Other"))
    result = run("--baseline", "known.json")
    assert result.code == 1
    assert [line for line in result.out.splitlines() if "NN101" in line] == [
        "bad.py:14:9: NN101 [*] `Other.__init__` never calls `super().__init__()`"
    ]


def test_a_baseline_covers_each_finding_once(run: Runner, project: Path) -> None:
    run("--write-baseline", "known.json")
    (project / "bad.py").write_text(BAD + BAD)
    assert run("--baseline", "known.json").out.count("NN101") == 1


def test_a_baseline_can_be_named_in_the_configuration(run: Runner, project: Path) -> None:
    run("--write-baseline", "known.json")
    (project / "pyproject.toml").write_text('[tool.nn-lint]\nbaseline = "known.json"\n')
    assert run().code == 0


@pytest.mark.parametrize("content", [None, "", "[]", '{"version": 2, "findings": []}', '{"version": 1}'])
def test_a_baseline_that_cannot_be_used_is_told(run: Runner, project: Path, content: str | None) -> None:
    if content is not None:
        (project / "known.json").write_text(content)
    result = run("--baseline", "known.json")
    assert result.code == 2
    assert "known.json" in result.err


def test_rules_are_ignored_by_file(run: Runner, project: Path) -> None:
    table = '[tool.nn-lint.per-file-ignores]\n"legacy/*" = ["missing-super-init"]\n"b*.py" = ["NN1"]\n'
    (project / "pyproject.toml").write_text(table)
    (project / "legacy").mkdir()
    (project / "legacy" / "old.py").write_text(BAD)
    (project / "new.py").write_text(BAD)
    result = run()
    assert [line.split(":")[0] for line in result.out.splitlines() if "NN101" in line] == ["new.py"]
    assert run("--fix", "bad.py").code == 0
    assert (project / "bad.py").read_text() == BAD


@pytest.mark.parametrize("table", ['"a" = "NN1"', '"a" = ["NN999"]'])
def test_a_wrong_table_of_files_is_told(run: Runner, project: Path, table: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.nn-lint.per-file-ignores]\n{table}\n")
    assert run().code == 2
