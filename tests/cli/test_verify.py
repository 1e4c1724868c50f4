"""`nn-lint verify`: modules are run in torch, files are left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import BAD, Runner


def test_the_table_and_the_failure_at_the_line_of_the_user(run: Runner, project: Path) -> None:
    result = run("verify")
    assert (result.code, result.err) == (1, "")
    lines = result.out.splitlines()
    assert lines[0] == "bad.py"
    assert lines[1].split() == ["class", "arguments", "inputs", "outputs", "parameters", "verdict"]
    assert lines[2].split() == ["Net", "fails", "(construct)"]
    assert any(line.startswith("bad.py:6: NN601 Net: ") and "before Module.__init__() call" in line for line in lines)
    assert "good.py" in lines
    assert lines[-1] == "2 classes: 1 run, 1 fail, 0 unverified."
    assert (project / "bad.py").read_text() == BAD


def test_a_module_that_runs_passes(run: Runner) -> None:
    result = run("verify", "good.py")
    assert result.code == 0
    assert result.out.splitlines()[-1] == "1 class: 1 run, 0 fail, 0 unverified."


def test_json_has_one_object_a_class(run: Runner) -> None:
    result = run("verify", "--format", "json")
    assert result.code == 1
    broken, sound = json.loads(result.out)
    assert (broken["class"], broken["code"], broken["row"]) == ("Net", "NN601", 6)
    assert (broken["verdict"], sound["code"], sound["verdict"]) == ("fails (construct)", None, "runs")
    assert sound["output_shapes"] and sound["recipe"]["seed"] == 0


def test_html_stands_alone_and_escapes(run: Runner) -> None:
    result = run("verify", "--format", "html", "--jobs", "2")
    assert result.code == 1
    assert result.out.startswith("<!doctype html>") and result.out.rstrip().endswith("</html>")
    assert "<h1>2 classes: 1 run, 1 fail, 0 unverified.</h1>" in result.out
    assert "NN601 Net: " in result.out and "http" not in result.out


def test_gradients_on_demand(run: Runner) -> None:
    result = run("verify", "--gradients", "good.py")
    assert result.code == 0
    _, header, row, *_ = result.out.splitlines()
    assert header.endswith("gradient at the first layer")
    assert re.search(r"runs +fc: \d\.\de[+-]\d\d$", row)


UNUSED = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
    def forward(self, x):
        return self.a(x) if x.sum() > 99 else self.a(-x)
"""


def test_notes_do_not_fail_the_command(run: Runner, project: Path) -> None:
    (project / "unused.py").write_text(UNUSED)
    result = run("verify", "unused.py")
    assert result.code == 0
    assert "unused.py:9: NN604 Net: `b` (Linear) gets no gradient: nothing uses it" in result.out.splitlines()
    assert result.out.splitlines()[-1] == "1 class: 1 run, 0 fail, 0 unverified; 1 note."


def test_an_ignore_comment_silences_a_note(run: Runner, project: Path) -> None:
    ignored = UNUSED.replace("self.b = nn.Linear(4, 4)", "self.b = nn.Linear(4, 4)  # nn-lint: ignore[NN604]")
    (project / "unused.py").write_text(ignored)
    result = run("verify", "unused.py")
    assert "NN604" not in result.out and result.out.splitlines()[-1] == "1 class: 1 run, 0 fail, 0 unverified."


def test_an_export_that_was_asked_for_fails_the_command(run: Runner, project: Path) -> None:
    (project / "unused.py").write_text(UNUSED)
    result = run("verify", "--export", "unused.py")
    assert result.code == 1
    assert "unused.py:11: NN609 Net: torch.export fails in line 11: a decision or a size depends on" in result.out


def test_a_missing_path_is_a_failure_and_the_others_go_on(run: Runner) -> None:
    result = run("verify", "nowhere", "good.py", "-q")
    assert (result.code, result.err) == (2, "error: nowhere: No such file or directory\n")
    assert "good.py" in result.out and "1 class:" not in result.out


@pytest.mark.usefixtures("no_torch")
def test_without_torch_it_fails(run: Runner) -> None:
    result = run("verify", "good.py")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: torch not found: nothing was run (give an interpreter with --python)\n"


def test_a_wrong_configuration_is_a_failure(run: Runner, project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.nn-lint.verify]\nmemory = 0\n")
    result = run("verify")
    assert result.code == 2
    assert "memory must be a positive whole number" in result.err
