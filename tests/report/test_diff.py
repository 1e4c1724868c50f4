"""The diff: what is printed must be what `git apply` understands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_lint.report import diff

LINES = st.lists(st.sampled_from(["a", "bc", "", "a\r", "\rb", "\x0c", "\u2028", "é", " "]), max_size=4)


def test_the_form() -> None:
    assert "".join(diff.render("a.py", "x\ny\n", "x\nz\n")) == "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n"


def test_equal_texts_give_nothing() -> None:
    assert not list(diff.render("a.py", "x\n", "x\n"))


def test_colour_adds_nothing_but_escape_codes() -> None:
    plain = "".join(diff.render("a.py", "x\r\n\ny\n", "x\r\n\nz"))
    coloured = "".join(diff.render("a.py", "x\r\n\ny\n", "x\r\n\nz", colour=True))
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\r\nb\r\n", "a\r\nx\r\nb\r\n"),
        ("a\nb", "a\nB"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a\x0cb\nc\n", "a\x0cb\nd\n"),
        ("a\u2028b\n", "a\u2028c\n"),
        ("a\rb\n", "a\rc\n"),
    ],
)
def test_git_applies_it(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(before.encode())
    patch = "".join(diff.render("a.py", before, after)).encode()
    command = ["git", "-c", "core.autocrlf=false", "apply", "-p0", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path, input=patch, check=True)
    assert file.read_bytes() == after.encode()


@given(LINES.map("\n".join), LINES.map("\n".join))
def test_both_texts_can_be_read_back(before: str, after: str) -> None:
    lines = re.findall(r"[^\n]*\n", "".join(diff.render("a.py", before, after, colour=False)))[2:]
    if before == after:
        assert not lines
        return
    assert _side(lines, "-") == before
    assert _side(lines, "+") == after


def _side(lines: list[str], sign: str) -> str:
    """One of the two texts, taken out of a diff whose context covers everything."""
    kept: list[str] = []
    last_is_ours = False
    for line in lines:
        if line.startswith("\\"):
            kept[-1:] = [kept[-1][:-1]] if last_is_ours else kept[-1:]
        elif not line.startswith("@@"):
            last_is_ours = line[0] in (sign, " ")
            kept += [line[1:]] * last_is_ours
    return "".join(kept)
