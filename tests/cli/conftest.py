"""A project to lint, and a way to run nn-lint on it without another process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import nn_lint.cli

BAD = """from torch import nn


class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        return self.fc(x)
"""
GOOD = BAD.replace("        self.fc = ", "        super().__init__()\n        self.fc = ")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run printed, and its exit code."""

    code: int
    out: str
    err: str


Runner = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one bad and one good file; it is the current folder."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "good.py").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Runner:
    """Run nn-lint with these arguments, `stdin` as its standard input."""

    def call(*arguments: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "argv", ["nn-lint", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = nn_lint.cli.run()
        return Result(code, *capfd.readouterr())

    return call


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No interpreter with torch is found."""
    monkeypatch.setattr("nn_lint.verify.interpreter.find_interpreter", lambda explicit, folder: None)
