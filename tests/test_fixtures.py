"""The files that a learner would bring: what is found in them, what becomes of them, and what torch says of it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import libcst
import pytest

FIXTURES = Path(__file__).parent.parent / "fixtures"
NAMES = sorted(path.name for path in FIXTURES.glob("*.py"))


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nn_lint", "--isolated", "--output-format", "concise", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, encoding="utf-8")


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A copy of all fixtures after one run of `--fix`, with torch."""
    folder = tmp_path_factory.mktemp("fixtures")
    for name in NAMES:
        (folder / name).write_bytes((FIXTURES / name).read_bytes())
    return folder, run(folder, "--fix", "--python", sys.executable, ".")


def test_there_are_the_three_pages_of_the_tutorial() -> None:
    assert NAMES == ["broken_template.py", "resnet32.py", "template.py"]


@pytest.mark.parametrize("name", NAMES)
def test_the_findings_are_the_expected_ones(name: str) -> None:
    result = run(FIXTURES, name)
    expected = (FIXTURES / f"{name}.findings").read_text(encoding="utf-8")
    assert "".join(line for line in result.stdout.splitlines(keepends=True) if line.startswith(name)) == expected
    assert result.returncode == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_fixed_text_is_the_expected_one(name: str, mended: tuple[Path, object]) -> None:
    assert (mended[0] / name).read_bytes() == (FIXTURES / f"{name}.fixed").read_bytes()


@pytest.mark.parametrize("name", ["resnet32.py", "template.py"])
def test_the_fixed_text_parses_everywhere_and_a_second_run_changes_nothing(name: str, tmp_path: Path) -> None:
    fixed = (FIXTURES / f"{name}.fixed").read_text(encoding="utf-8")
    ast.parse(fixed)
    libcst.parse_module(fixed)
    (tmp_path / name).write_text(fixed, encoding="utf-8")
    result = run(tmp_path, "--fix", ".")
    assert result.returncode == 0, result.stdout
    assert (tmp_path / name).read_text(encoding="utf-8") == fixed


def test_each_touched_class_is_proven(mended: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    result = mended[1]
    assert (
        "Block: constructs, forward (2, 64, 56, 56) -> (2, 64, 56, 56), "
        "input reaches the output (stride 1, stride 2)" in result.stdout
    )
    assert "ResNet32: constructs, forward (8, 3, 224, 224) -> (8, 2)" in result.stdout
    assert "NetTemplate: constructs, forward " in result.stdout
    assert "broken_template.py:8:41: NN001 IndentationError" in result.stdout
    assert result.returncode == 1


def test_without_torch_safe_fixes_are_applied_and_the_rest_waits(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes((FIXTURES / name).read_bytes())
    result = run(tmp_path, "--fix", "--no-verify", ".")
    assert (tmp_path / "template.py").read_bytes() == (FIXTURES / "template.py.fixed").read_bytes()
    text = (tmp_path / "resnet32.py").read_text(encoding="utf-8")
    assert "shortcut" not in text
    assert "F.softmax(x, dim=1)" in text
    assert "NN301" in result.stdout
