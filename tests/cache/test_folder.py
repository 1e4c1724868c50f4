"""Where states lie: bounded, replaced at once, of no harm where nothing can be written."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nn_lint.cache.folder
from nn_lint.cache.folder import cache_folder, clean, read, write

from .projects import project


def test_what_is_written_is_read() -> None:
    assert read("key") is None
    write("key", b"one")
    write("key", b"two")
    assert read("key") == b"two"


def test_the_oldest_make_room(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn_lint.cache.folder, "LARGEST", 250)
    for number in range(4):
        write(f"key{number}", bytes(100))
        os.utime(cache_folder / f"key{number}.findings", (number, number))
    write("last", bytes(100))
    assert [read(key) is not None for key in ("key0", "key1", "key2", "key3", "last")] == [False] * 3 + [True] * 2


def test_many_at_once_leave_a_whole_state(cache_folder: Path) -> None:
    states = [bytes([number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda state: write("key", state), states * 5))
    assert read("key") in states
    assert sorted(path.name for path in cache_folder.iterdir()) == ["key.findings"]


def test_what_killed_runs_have_left_is_removed(cache_folder: Path) -> None:
    for name in ("old.tmp", "young.tmp"):
        (cache_folder / name).write_bytes(b"half")
    os.utime(cache_folder / "old.tmp", (1, 1))
    write("key", b"state")
    assert sorted(path.name for path in cache_folder.iterdir()) == ["key.findings", "young.tmp"]


def test_clean_removes_states_and_nothing_else(cache_folder: Path) -> None:
    write("one", bytes(10))
    write("two", bytes(20))
    (cache_folder / "mine.txt").write_text("keep")
    assert clean() == (2, 30)
    assert [path.name for path in cache_folder.iterdir()] == ["mine.txt"]
    assert clean() == (0, 0)


@pytest.mark.parametrize("place", ["missing/below", "file/below"])
def test_a_folder_that_cannot_be_made_is_no_failure(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NN_LINT_CACHE_DIR", str(tmp_path / place))
    write("key", b"state")
    assert read("key") == (b"state" if place == "missing/below" else None)
    assert clean()[0] == (place == "missing/below")


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/nn-lint"),
        ("linux", {"HOME": "/home/me"}, "/home/me/.cache/nn-lint"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, None),
        ("darwin", {"HOME": "/home/me"}, "/home/me/Library/Caches/nn-lint"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/nn-lint"),
        ("win32", {}, None),
        ("linux", {"NN_LINT_CACHE_DIR": "/chosen", "XDG_CACHE_HOME": "/x"}, "/chosen"),
    ],
)
def test_the_folder_is_the_platforms(
    platform: str, variables: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "NN_LINT_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == (None if expected is None else Path(expected))


def test_a_run_works_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NN_LINT_CACHE_DIR", str(tmp_path / "file"))
    (tmp_path / "project").mkdir()
    disk = project(tmp_path / "project")
    reports, analysed = disk.cached()
    assert reports == disk.fresh()
    assert len(analysed) == len(disk.paths)
