"""Texts, trees and facts that are dropped and read again: the same findings, whatever is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

import nn_lint.model.module_class
import nn_lint.project.files
from nn_lint.config import Settings
from nn_lint.project.files import ProjectFiles
from nn_lint.rules import all_rules
from nn_lint.runner.batches import Job, check_batch
from nn_lint.source.text import Text


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn_lint.project.files, "_MOST_PARSED", 1)
    monkeypatch.setattr(nn_lint.project.files, "_MOST_READ", 1)


def test_nothing_depends_on_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    examples = [example.text for rule in all_rules() for example in rule.examples[:1]]
    for number, text in enumerate(examples):
        (tmp_path / "pkg" / f"net{number}.py").write_text(text)
    paths = tuple(sorted(tmp_path.rglob("*.py")))
    settings = Settings(tmp_path, select=("ALL",), suspicions=True)
    expected = check_batch(paths, Job(settings, paths)).results
    for module, name in (
        (nn_lint.project.files, "_MOST_PARSED"),
        (nn_lint.project.files, "_MOST_READ"),
        (nn_lint.model.module_class, "_MOST_PARSED"),
        (nn_lint.model.module_class, "_KEPT_MODELS"),
    ):
        monkeypatch.setattr(module, name, 1)
    assert check_batch(paths, Job(settings, paths)).results == expected


@pytest.mark.usefixtures("small")
def test_what_is_not_on_the_disk_is_never_dropped(tmp_path: Path) -> None:
    (tmp_path / "disk.py").write_text("class OnDisk: ...")
    files = ProjectFiles((), {tmp_path / "overlay.py": "class Overlay: ..."})
    texts = [
        (files.open(tmp_path / "disk.py"), "OnDisk"),
        (files.open(tmp_path / "overlay.py"), "Overlay"),
        (files.add(tmp_path / "added.py", Text("class Added: ...")), "Added"),
    ]
    for _ in range(2):
        for file, name in texts:
            assert file is not None
            assert name in file.content
            assert list(file.classes) == [name]
    assert [file.held_content is None for file, _ in texts if file is not None] == [True, False, False]


@pytest.mark.usefixtures("small")
def test_a_file_that_changed_while_it_was_dropped_is_known_to_have_changed(tmp_path: Path) -> None:
    path, other = tmp_path / "a.py", tmp_path / "b.py"
    path.write_text("class Before: ...")
    other.write_text("x = 1")
    files = ProjectFiles()
    file, second = files.open(path), files.open(other)
    assert file is not None and second is not None
    assert list(file.classes) == ["Before"]
    path.write_text("class After: ...")
    assert second.content == "x = 1"
    assert list(file.classes) == ["After"]
    assert (files.seen[path].digest, files.seen[other].digest is None) == (None, False)
