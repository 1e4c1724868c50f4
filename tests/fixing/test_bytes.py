"""Fixes of files on the disk: what they mean to change is changed, and every other byte stays."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from nn_lint.config import Settings
from nn_lint.runner.fix import fix_files
from nn_lint.runner.reports import FileReport

from .blocks import BLOCKS, CORRECT, FAULTY, Block
from .marking import NEWLINES, UNITS, MarkedFile, Row, marked_files, rows_of

PROPERTY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def fix(path: Path) -> FileReport:
    """Fix a file on the disk, fixes that change the model too."""
    (report,) = fix_files([path], Settings(path.parent, unsafe_fixes=True), None, write=True)
    assert report.failure is None, report.failure
    return report


def of_block(block: Block, unit: str, newline: str) -> MarkedFile:
    """A file with one block."""
    head = [Row("", line) for line in ("import torch", "import torch.nn.functional as F", "from torch import nn")]
    rows = (*head, *rows_of(block, 1, unit))
    return MarkedFile(
        rows, (newline,) * len(rows), ends_with_newline=True, encoding="utf-8", bom=b"", codes=block.codes
    )


def assert_fixed(file: MarkedFile, path: Path) -> None:
    """The file on the disk becomes what its marks say, and stays that."""
    path.write_bytes(file.before())
    path.chmod(0o640)
    report = fix(path)
    assert path.read_bytes() == file.after()
    assert path.stat().st_mode & 0o7777 == 0o640
    assert {item.code for item in report.fixed} == file.codes
    assert not file.codes & {item.code for item in report.diagnostics}
    ast.parse(path.read_bytes())
    written = path.stat().st_mtime_ns
    again = fix(path)
    assert not again.fixed
    assert again.diagnostics == report.diagnostics
    assert path.read_bytes() == file.after()
    assert path.stat().st_mtime_ns == written


@pytest.mark.parametrize("newline", NEWLINES, ids=("lf", "crlf", "cr"))
@pytest.mark.parametrize("block", FAULTY, ids=lambda block: block.text.split("(")[0].split()[-1])
def test_each_fault_is_mended_as_marked(block: Block, newline: str, tmp_path: Path) -> None:
    for number, unit in enumerate(UNITS[NEWLINES.index(newline) :: len(NEWLINES)]):
        assert_fixed(of_block(block, unit, newline), tmp_path / f"file{number}.py")


@PROPERTY
@given(marked_files())
def test_every_byte_outside_the_fixes_stays(file: MarkedFile) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert_fixed(file, Path(folder) / "file.py")


@settings(PROPERTY, max_examples=25)
@given(marked_files(CORRECT))
def test_a_file_without_fixes_is_not_touched(file: MarkedFile) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.py"
        path.write_bytes(file.before())
        before = path.stat()
        report = fix(path)
        assert path.read_bytes() == file.before()
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
        assert report.before is report.after is None


def test_blocks_are_what_they_say() -> None:
    assert all(block.codes for block in FAULTY)
    assert not any(block.codes for block in CORRECT)
    assert set(BLOCKS) == {*FAULTY, *CORRECT}
