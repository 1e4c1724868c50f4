"""Files replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nn_lint.source.writing import write_atomically


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o444])
def test_permissions_are_kept(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_bytes(b"old")
    file.chmod(mode)
    write_atomically(file, b"new\r\n")
    assert file.read_bytes() == b"new\r\n"
    assert file.stat().st_mode & 0o7777 == mode
    assert list(tmp_path.iterdir()) == [file]


def test_links_stay_links(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file, link, further = tmp_path / "deep" / "net.py", tmp_path / "link.py", tmp_path / "further.py"
    file.write_bytes(b"old")
    link.symlink_to(Path("deep") / "net.py")
    further.symlink_to(link)
    write_atomically(further, b"new")
    assert link.is_symlink() and further.is_symlink()
    assert file.read_bytes() == b"new"
    assert sorted(item.name for item in tmp_path.rglob("*")) == ["deep", "further.py", "link.py", "net.py"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "net.py"
    file.write_bytes(b"old")

    def refuse(source: object, target: object) -> None:
        raise OSError("disk full")

    for step in ("replace", "fsync", "chmod"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, refuse if step != "fsync" else lambda descriptor: refuse(0, 0))
            with pytest.raises(OSError, match="disk full"):
                write_atomically(file, b"new")
        assert file.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [file]


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "net.py", b"new")
    assert list(tmp_path.iterdir()) == []
