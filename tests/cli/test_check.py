"""`nn-lint check`: what is printed, and the exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import BAD, GOOD, Runner

FOUND = "bad.py:5:9: NN101 [*] `Net.__init__` never calls `super().__init__()`\n"
COUNT = "Found 1 error.\n[*] 1 fixable with the --fix option.\n"


@pytest.mark.parametrize(
    "arguments", [(), (".",), ("check",), ("check", "."), ("bad.py", "good.py"), ("check", "bad.py")]
)
def test_findings_fail_the_run(run: Runner, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.code, result.out, result.err) == (1, FOUND + COUNT, "")


def test_a_clean_file_passes(run: Runner) -> None:
    result = run("good.py")
    assert (result.code, result.out) == (0, "All checks passed!\n")


def test_quiet_prints_findings_only(run: Runner) -> None:
    assert run("--quiet").out == FOUND
    assert run("-q", "good.py").out == ""


def test_exit_zero_hides_findings_but_no_failure(run: Runner) -> None:
    assert run("--exit-zero").code == 0
    assert run("--exit-zero", "nowhere.py").code == 2


def test_full_has_a_frame(run: Runner) -> None:
    assert "5 |     def __init__(self):\n  |         ^^^^^^^^ NN101\n" in run("--output-format", "full").out


def test_json_is_alone_on_the_standard_output(run: Runner, project: Path) -> None:
    result = run("--output-format", "json")
    (finding,) = json.loads(result.out)
    assert (finding["code"], finding["filename"]) == ("NN101", str(project / "bad.py"))
    assert "Found 1 error." in result.err
    assert json.loads(run("--output-format", "json", "good.py").out) == []


def test_color_always_and_never(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" in run("--output-format", "full", "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("--output-format", "full").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("--output-format", "full").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--select", "NN101"), 1),
        (("--select", "NN2"), 0),
        (("--select", "NN2,missing-super-init"), 1),
        (("--select", "NN2", "--select", "NN1"), 1),
        (("--select", "ALL", "--ignore", "NN101"), 0),
        (("--ignore", "NN1"), 0),
        (("--ignore", "NN1", "--extend-select", "NN101"), 1),
        (("--select", "NN2", "--extend-select", "NN101"), 1),
    ],
)
def test_rules_can_be_chosen(run: Runner, arguments: tuple[str, ...], code: int) -> None:
    assert run(*arguments, "bad.py").code == code


def test_the_command_line_stands_over_the_configuration(run: Runner, project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.nn-lint]\nignore = ["NN101"]\n')
    assert run().code == 0
    assert run("--isolated").code == 1
    assert run("--select", "NN101").code == 1
    assert run("--extend-select", "NN101").code == 1
    (project / "other.toml").write_text('[tool.nn-lint]\nselect = ["NN1"]\n')
    assert run("--config", "other.toml").code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--select", "NN9"), "unknown rule selector `NN9`"),
        (("--ignore", "missing-super-int"), "did you mean `missing-super-init`?"),
        (("--selct", "NN1"), "No such option '--selct'"),
        (("--output-format", "xml"), "'xml' is not one of"),
        (("--config", "nowhere.toml"), "'nowhere.toml' does not exist"),
        (("-", "bad.py"), "`-` cannot be combined with other paths"),
        (("nowhere.py",), "error: nowhere.py: No such file or directory"),
    ],
)
def test_wrong_use_is_a_failure(run: Runner, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert message in result.err


def test_a_wrong_configuration_is_a_failure(run: Runner, project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.nn-lint]\nslect = []\n")
    result = run()
    assert (result.code, result.out) == (2, "")
    assert (
        result.err == f"error: {project}/pyproject.toml: tool.nn-lint: unknown key `slect` (did you mean `select`?)\n"
    )


def test_a_missing_path_does_not_stop_the_others(run: Runner) -> None:
    result = run("nowhere.py", "bad.py")
    assert result.code == 2
    assert FOUND in result.out


def test_a_file_that_cannot_be_decoded_is_a_failure(run: Runner, project: Path) -> None:
    (project / "odd.py").write_bytes(b"x = '\xff'\n")
    result = run("odd.py")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: odd.py: ")


def test_no_files_are_told(run: Runner, project: Path) -> None:
    (project / "empty").mkdir()
    result = run("empty")
    assert (result.code, result.err) == (0, "No Python files found under the given paths.\n")


@pytest.mark.parametrize("name", ["rule", "verify", "check"])
def test_folders_named_as_commands_can_be_checked(run: Runner, project: Path, name: str) -> None:
    (project / name).mkdir()
    (project / name / "net.py").write_text(BAD)
    assert f"{name}/net.py:5:9: NN101" in run(f"./{name}").out
    assert f"{name}/net.py:5:9: NN101" in run("check", name).out


def test_exclusions(run: Runner) -> None:
    assert run("--exclude", "bad.py,old").code == 0
    assert run("--exclude", "bad.py", "bad.py").code == 1
    assert run("--exclude", "bad.py", "--force-exclude", "bad.py").code == 0


def test_a_syntax_error_is_a_finding(run: Runner, project: Path) -> None:
    (project / "broken.py").write_text("class A(:\n")
    result = run("--no-cache")
    assert result.code == 1
    assert "broken.py:1:9: NN001" in result.out
    assert FOUND in result.out


def test_odd_names_are_printed(run: Runner, project: Path) -> None:
    name = os.fsdecode(b"odd\xff.py")
    (project / name).write_text(BAD)
    result = run()
    assert result.code == 1
    assert "odd" in result.out and ":5:9: NN101" in result.out


def test_stdin(run: Runner) -> None:
    result = run("-", stdin=BAD.encode())
    assert (result.code, result.out) == (1, FOUND.replace("bad.py", "-") + COUNT)
    result = run("-", "--stdin-filename", "bad.py", stdin=BAD.encode())
    assert (result.code, result.out) == (1, FOUND + COUNT)
    assert run("--stdin-filename", "bad.py", stdin=GOOD.encode()).code == 0
    assert run("-", stdin=b"\xff").code == 2
    assert run("-", "--stdin-filename", "build/x.py", "--force-exclude", stdin=BAD.encode()).code == 0


BLOCK = """from torch import nn


class {name}(nn.Module):
    def __init__(self, width{parameter}):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return self.conv2(self.conv1(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = {name}(8)

    def forward(self, x):
        return self.block(x)
"""
WARNING = BLOCK.format(name="BasicBlock", parameter=", downsample=None")
SUSPICION = BLOCK.format(name="BasicBlock", parameter="")


def test_warnings_fail_the_run_only_when_asked(run: Runner, project: Path) -> None:
    (project / "block.py").write_text(WARNING)
    result = run("block.py", "--select", "NN3")
    assert result.code == 0
    assert ": NN301 [*] warning: `BasicBlock` is meant to be residual" in result.out
    assert run("block.py", "--select", "NN3", "--fail-on-warning").code == 1
    (project / "pyproject.toml").write_text("[tool.nn-lint]\nfail-on-warning = true\n")
    assert run("block.py", "--select", "NN3").code == 1


def test_suspicions_are_shown_only_when_asked(run: Runner, project: Path) -> None:
    (project / "block.py").write_text(SUSPICION)
    assert "NN301" not in run("block.py").out
    result = run("block.py", "--suspicions")
    assert result.code == 0
    assert ": NN301 [*] suspicion: `BasicBlock` is meant to be residual" in result.out
