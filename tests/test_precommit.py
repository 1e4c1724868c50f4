"""The hooks, run by the real pre-commit on a repository of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKED = ("nn_lint", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
BAD = """from torch import nn


class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(2, 2)
"""
GOOD = BAD.replace("        self.fc", "        super().__init__()\n        self.fc")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pre-commit")]


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds this checkout as its only commit, whatever is committed here."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PACKED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environments are built once for all tests of this file, and not in the user's cache."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "COV_", "COVERAGE_"))}
    return {**kept, "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")), "PRE_COMMIT_COLOR": "never"}


@pytest.fixture
def project(tmp_path: Path, hooks: Path) -> Path:
    """A repository that uses both hooks."""
    git(tmp_path, "init", "--quiet")
    revision = git(hooks, "rev-parse", "HEAD").strip()
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {revision}\n  hooks:\n  - id: nn-lint-fix\n  - id: nn-lint\n"
    )
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "hooks")
    return tmp_path


def pre_commit(project: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_try_repo_finds(project: Path, hooks: Path, environment: dict[str, str]) -> None:
    (project / "net.py").write_text(BAD)
    git(project, "add", "--all")
    done = pre_commit(project, environment, "try-repo", str(hooks), "nn-lint", "--verbose")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "net.py:5:9: NN101 [*]" in done.stdout
    assert (project / "net.py").read_text() == BAD


def test_the_fix_fails_once_and_passes_then(project: Path, hooks: Path, environment: dict[str, str]) -> None:
    (project / "net.py").write_text(BAD)
    git(project, "add", "--all")
    first = pre_commit(project, environment, "run", "nn-lint-fix")
    assert first.returncode == 1, first.stdout + first.stderr
    assert "files were modified by this hook" in first.stdout
    assert (project / "net.py").read_text() == GOOD
    git(project, "add", "--all")
    second = pre_commit(project, environment, "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert second.stdout.count("Passed") == 2


def test_no_staged_files_are_fine(project: Path, environment: dict[str, str]) -> None:
    done = pre_commit(project, environment, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no files to check" in done.stdout


def test_exclusions_hold_for_the_files_that_pre_commit_names(project: Path, environment: dict[str, str]) -> None:
    (project / "old").mkdir()
    (project / "old" / "net.py").write_text(BAD)
    (project / "pyproject.toml").write_text('[tool.nn-lint]\nextend-exclude = ["old/"]\n')
    git(project, "add", "--all")
    done = pre_commit(project, environment, "run", "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "old" / "net.py").read_text() == BAD
