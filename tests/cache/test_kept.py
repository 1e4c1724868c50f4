"""Kept findings: the same as those of a fresh run after every change, and no more is analysed than must be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import nn_lint.source.stamps

from .projects import FILES, Disk, project

Change = Callable[[Disk], object]
CHANGES: dict[str, tuple[Change, set[str]]] = {
    "nothing": (lambda disk: None, set()),
    "a comment in a file that nobody asks": (
        lambda disk: disk.change("pkg/apart.py", "return", "# a comment\n        return"),
        {"apart.py"},
    ),
    "a comment above a base: its rows move, its facts stay": (
        lambda disk: disk.change("pkg/bases.py", "class Other", "# a comment\nclass Other"),
        {"bases.py", "heirs.py"},
    ),
    "a base is no module any more": (
        lambda disk: disk.change("pkg/bases.py", "class Base(nn.Module)", "class Base"),
        {"bases.py", "heirs.py"},
    ),
    "a base takes no argument any more": (
        lambda disk: disk.change("pkg/bases.py", "self, width", "self, width=1"),
        {"bases.py", "heirs.py"},
    ),
    "someone takes the forgotten layer": (
        lambda disk: disk.change("pkg/users.py", "print(net)", "print(net.forgotten)"),
        {"users.py", "unused.py"},
    ),
    "someone says something else": (
        lambda disk: disk.change("pkg/users.py", "print(net)", "print(str(net))"),
        {"users.py"},
    ),
    "a new file takes the forgotten layer": (
        lambda disk: disk.write("pkg/new.py", "from .unused import Net\nprint(Net().forgotten)\n"),
        {"new.py", "unused.py"},
    ),
    "a new file has nothing to do with the others": (
        lambda disk: disk.write("pkg/new.py", "print(1)\n"),
        {"new.py"},
    ),
    "a file is gone": (lambda disk: (disk.root / "pkg/users.py").unlink(), {"unused.py"}),
    "the base is gone": (lambda disk: (disk.root / "pkg/bases.py").unlink(), {"heirs.py"}),
    "a folder takes the place of a module": (
        lambda disk: disk.write("pkg/bases/__init__.py", "class Base: ...\n"),
        {"__init__.py"},
    ),
    "a module of torch's name comes": (lambda disk: disk.write("torch/__init__.py", ""), {"__init__.py"}),
    "it is no package any more": (
        lambda disk: (disk.root / "pkg/__init__.py").unlink(),
        {"heirs.py", "unused.py"},
    ),
    "a file cannot be read any more": (
        lambda disk: (disk.root / "pkg/bases.py").write_bytes(b"# coding: utf-8\n\xff\n"),
        {"bases.py", "heirs.py"},
    ),
}


@pytest.fixture(params=["stamps", "digests"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A project, the first run of which is over. Files so young are told by their digests, unless we do as if not."""
    if request.param == "stamps":
        monkeypatch.setattr(nn_lint.source.stamps, "_SETTLED", -(10**15))
    found = project(tmp_path)
    found.cached()
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_kept_is_what_a_fresh_run_finds(name: str, disk: Disk) -> None:
    change, expected = CHANGES[name]
    before = disk.fresh()
    change(disk)
    reports, analysed = disk.cached()
    assert reports == disk.fresh()
    assert analysed >= expected if name in _SPREADING else analysed == expected
    again, analysed = disk.cached()
    assert again == reports
    assert analysed == ({"bases.py"} if "read any more" in name else set())
    if name in _TELLING:
        assert [item.diagnostics for item in reports] != [item.diagnostics for item in before]


_SPREADING = {"a folder takes the place of a module", "a module of torch's name comes", "it is no package any more"}
_TELLING = {"a base is no module any more", "someone takes the forgotten layer", "the base is gone"}


def test_changes_one_after_the_other(tmp_path: Path) -> None:
    disk = project(tmp_path)
    for change, _ in (*CHANGES.values(), *reversed(CHANGES.values())):
        for path, text in FILES.items():
            if not (disk.root / path).exists():
                disk.write(path, text)
        try:
            change(disk)
        except AssertionError:
            disk.write("pkg/bases.py", FILES["pkg/bases.py"])
        assert disk.cached()[0] == disk.fresh()


def test_a_change_that_keeps_size_and_time_is_seen(disk: Disk) -> None:
    path = disk.root / "pkg/bases.py"
    status = path.stat()
    disk.change("pkg/bases.py", "class Base(nn.Module)", "class Base(nn.Linear)")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    reports, analysed = disk.cached()
    assert analysed == {"bases.py", "heirs.py"}
    assert reports == disk.fresh()


def test_a_file_that_is_touched_is_not_analysed(disk: Disk) -> None:
    os.utime(disk.root / "pkg/bases.py", (1, 1))
    assert disk.cached()[1] == set()
    os.utime(disk.root / "pkg/bases.py", (2, 2))
    assert disk.cached()[1] == set()


@pytest.mark.parametrize("place", [0, 30, 200, 0.5, -1, "cut", "empty", "swapped"])
def test_damage_is_as_good_as_absence(place: float | str, disk: Disk, cache_folder: Path) -> None:
    (file,) = cache_folder.glob("*.findings")
    data = bytearray(file.read_bytes())
    if place == "cut":
        data = data[: len(data) // 2]
    elif place == "empty":
        data.clear()
    elif place == "swapped":
        data.reverse()
    else:
        data[int(place * len(data)) if isinstance(place, float) else int(place)] ^= 0x41
    file.write_bytes(data)
    disk.change("pkg/users.py", "print(net)", "print(net.forgotten)")
    reports, analysed = disk.cached()
    assert reports == disk.fresh()
    assert analysed == {path.name for path in disk.paths}
    assert disk.cached()[1] == set()


def test_other_settings_have_findings_of_their_own(disk: Disk) -> None:
    from nn_lint.cache.kept import Kept
    from nn_lint.config import Settings

    other = Settings(disk.root, select=("NN101",))
    assert Kept(other, ()).known(disk.paths) == {}
    assert Kept(disk.settings, ("pkg",)).known(disk.paths) == {}
    assert len(Kept(disk.settings, ()).known(disk.paths)) == len(disk.paths)
