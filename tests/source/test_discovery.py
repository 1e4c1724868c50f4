"""Which files a run looks at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nn_lint.config import DEFAULT_EXCLUDES
from nn_lint.source.discovery import discover, is_excluded


def plant(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")


def found(root: Path, *paths: str, exclude: tuple[str, ...] = (), force: bool = False) -> list[str]:
    given = [root / path for path in paths] or [root]
    files = discover(given, root, (*DEFAULT_EXCLUDES, *exclude), force_exclude=force).files
    return [file.relative_to(root).as_posix() for file in files]


def test_python_files_sorted_by_path(tmp_path: Path) -> None:
    plant(tmp_path, "b.py", "a/z.pyi", "a/b/c.py", "a.py", "notes.txt", "script")
    assert found(tmp_path) == ["a/b/c.py", "a/z.pyi", "a.py", "b.py"]


def test_the_order_of_the_paths_does_not_matter(tmp_path: Path) -> None:
    plant(tmp_path, "a/x.py", "b/y.py")
    assert found(tmp_path, "b", "a") == found(tmp_path, "a", "b") == ["a/x.py", "b/y.py"]


def test_no_file_comes_twice(tmp_path: Path) -> None:
    plant(tmp_path, "a/x.py")
    (tmp_path / "linked.py").symlink_to(tmp_path / "a/x.py")
    assert len(found(tmp_path, "a", "a/x.py", ".", "a/../a/x.py")) == 1


def test_a_file_given_by_name_needs_no_suffix(tmp_path: Path) -> None:
    plant(tmp_path, "script")
    assert found(tmp_path, "script") == ["script"]


def test_folders_of_tools_are_left_out(tmp_path: Path) -> None:
    plant(tmp_path, *(f"{name}/x.py" for name in (".git", ".venv", "venv", "node_modules", "build", "dist", ".tox")))
    plant(tmp_path, "deep/site-packages/x.py", "deep/.eggs/x.py", "deep/__pycache__/x.py", "rebuild/x.py")
    assert found(tmp_path) == ["rebuild/x.py"]


def test_what_is_given_by_name_is_taken(tmp_path: Path) -> None:
    plant(tmp_path, "build/x.py", "venv/y.py")
    assert found(tmp_path, "build", "venv/y.py") == ["build/x.py", "venv/y.py"]


def test_force_exclude_applies_to_names_too(tmp_path: Path) -> None:
    plant(tmp_path, "build/x.py", "old/y.py", "z.py")
    given = ("build/x.py", "build", "old/y.py", "z.py")
    assert found(tmp_path, *given, exclude=("old/",), force=True) == ["z.py"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("gen_*.py", ["a/keep.py", "gen/x.py"]),
        ("a", ["gen/x.py", "gen_top.py"]),
        ("/a/*.py", ["gen/x.py", "gen_top.py"]),
        ("gen/", ["a/gen_1.py", "a/keep.py", "gen_top.py"]),
        ("a/keep.py", ["a/gen_1.py", "gen/x.py", "gen_top.py"]),
    ],
)
def test_patterns_read_as_in_gitignore(tmp_path: Path, pattern: str, left: list[str]) -> None:
    plant(tmp_path, "a/keep.py", "a/gen_1.py", "gen_top.py", "gen/x.py")
    assert found(tmp_path, exclude=(pattern,)) == left


def test_nested_gitignore_files(tmp_path: Path) -> None:
    plant(tmp_path, ".git/config", "a/x.py", "a/y.py", "a/b/x.py", "z.py", "ignored/deep/x.py")
    (tmp_path / ".gitignore").write_text("x.py\n/ignored/\n# comment\n\n")
    (tmp_path / "a/b/.gitignore").write_text("!x.py\n")
    assert found(tmp_path) == ["a/b/x.py", "a/y.py", "z.py"]
    assert found(tmp_path, "a") == ["a/b/x.py", "a/y.py"]


def test_an_ignored_folder_given_by_name_is_taken(tmp_path: Path) -> None:
    plant(tmp_path, ".git/config", "ignored/x.py")
    (tmp_path / ".gitignore").write_text("ignored/\n")
    assert found(tmp_path) == []
    assert found(tmp_path, "ignored") == ["ignored/x.py"]


def test_a_gitignore_above_the_repository_does_not_count(tmp_path: Path) -> None:
    plant(tmp_path, "repository/.git/config", "repository/x.py")
    (tmp_path / ".gitignore").write_text("x.py\n")
    assert found(tmp_path, "repository") == ["repository/x.py"]


def test_a_broken_line_of_gitignore_is_passed_over(tmp_path: Path) -> None:
    plant(tmp_path, "x.py", "y.py")
    (tmp_path / ".gitignore").write_bytes(b"!\n\xff\xfe\n//\nx.py\n")
    assert found(tmp_path) == ["y.py"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    plant(tmp_path, "a/x.py")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    (tmp_path / "a/self.py").symlink_to(tmp_path / "a/self.py")
    (tmp_path / "a/dangling.py").symlink_to(tmp_path / "nowhere.py")
    assert found(tmp_path) == ["a/x.py"]


def test_missing_paths_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    plant(tmp_path, "x.py")
    loop = tmp_path / "self.py"
    loop.symlink_to(loop)
    result = discover([tmp_path / "nowhere", loop, tmp_path / "x.py"], tmp_path)
    assert result.files == (tmp_path / "x.py",)
    assert [path for path, _ in result.problems] == [tmp_path / "nowhere", loop]
    assert result.problems[0][1] == "No such file or directory"


def test_unreadable_folders_are_told_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "a/x.py", "b/y.py")
    scan = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = discover([tmp_path], tmp_path)
    assert result.files == (tmp_path / "b/y.py",)
    assert result.problems == ((tmp_path / "a", "Permission denied"),)


def test_relative_paths_stay_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "a/x.py")
    monkeypatch.chdir(tmp_path)
    assert discover([Path()], tmp_path).files == (Path("a/x.py"),)


def test_a_path_that_does_not_exist_can_be_judged(tmp_path: Path) -> None:
    assert is_excluded(tmp_path / "venv/new.py", tmp_path, DEFAULT_EXCLUDES)
    assert not is_excluded(tmp_path / "new.py", tmp_path, DEFAULT_EXCLUDES)


def test_what_is_no_file_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    found = discover([pipe], tmp_path, ())
    assert list(found.files) == []
    assert [path for path, _ in found.problems] == [pipe]
