"""Which interpreter runs the proofs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nn_lint.verify.interpreter import NoTorch, find_interpreter


def script(path: Path, status: int) -> Path:
    """Something that answers like a Python with torch (0) or without (1)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return path


def test_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "project" / "src"
    inner.mkdir(parents=True)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    nearest = script(tmp_path / "project" / ".venv" / "bin" / "python", 0)
    assert find_interpreter(None, inner) == nearest
    active = script(tmp_path / "active" / "bin" / "python", 0)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert find_interpreter(None, inner) == active
    script(active, 1)
    assert find_interpreter(None, inner) == nearest
    asked = script(tmp_path / "asked", 0)
    assert find_interpreter(asked, inner) == asked


def test_the_running_one_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert find_interpreter(None, tmp_path) == Path(sys.executable)


@pytest.mark.parametrize("status", [1, None])
def test_one_that_was_asked_for_must_have_torch(tmp_path: Path, status: int | None) -> None:
    asked = tmp_path / "python"
    if status is not None:
        script(asked, status)
    with pytest.raises(NoTorch):
        find_interpreter(asked, tmp_path)
