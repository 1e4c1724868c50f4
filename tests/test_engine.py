"""One file through the engine: comments that silence, the order of files and processes, newer syntax, plain values."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from nn_lint.config import Settings
from nn_lint.diagnostic import Applicability, Diagnostic
from nn_lint.rules import all_rules, load_rule
from nn_lint.rules.listing import ListedRule
from nn_lint.rules.rule import Finding, Rule
from nn_lint.runner.check import FEW_FILES, check_files
from nn_lint.runner.reports import FileReport

from .rules.harness import ALL_CODES, check, fix, unmarked

NET = """\
from torch import nn
class Net(nn.Module):
    def __init__(self):{}
        self.fc = nn.Linear(2, 2)
    def forward(x):
        return self.fc(x)
"""
HEAD = """\
import torch.nn.functional as F
from torch import nn
class Head(nn.Module):
    def forward(self, x):
        return F.softmax({}
            x,{}
        ){}
"""


def codes(text: str) -> list[str]:
    """What is found; what is said about the comments themselves is left out."""
    return [item.code for item in check(text, codes=ALL_CODES - {"NN003"})]


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "#noqa",
        "# NOQA",
        "# the class is a stub  # noqa",
        "# noqa: NN101",
        "# noqa:NN101",
        "# noqa : nn101",
        "# noqa: E501, NN101",
        "# noqa: NN201,NN101",
        "# noqa: NN201 NN101",
        "# noqa:NN101,NN201",
        "# noqa: E501  # noqa: NN101",
        "# type: ignore  # noqa: NN101 because of the test",
        "# nn-lint: ignore",
        "# nn-lint:ignore",
        "# nn-lint: ignore[NN101]",
        "# nn-lint: ignore[nn101]",
        "# nn-lint: ignore[missing-super-init]",
        "# nn-lint: ignore[Missing-Super-Init]",
        "# nn-lint: ignore[softmax-no-dim, missing-super-init]",
        "# nn-lint: ignore[NN201,NN101]  # why",
        "# noqa: missing-super-init",
    ],
)
def test_a_comment_silences_its_row_alone(comment: str) -> None:
    assert codes(NET.format(f"  {comment}")) == ["NN201"]


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "# noqa: E501",
        "# noqa: NN1",
        "# noqa: NN201",
        "# noqa: NN1011",
        "# nn-lint: ignore[NN201]",
        "# nn-lint: ignore[missing-self]",
        "# nn-lint: ignore[]",
        "# nn-lint",
        "# nn-lint: ignored by nobody [x]",
        "# nonoqa",
        "# see noqa",
    ],
)
def test_other_comments_silence_nothing(comment: str) -> None:
    assert codes(NET.format(f"  {comment}" if comment else "")) == ["NN101", "NN201"]


@pytest.mark.parametrize("comment", ["# nn-lint: ignore-file", "#nn-lint:ignore-file", "# NN-LINT: ignore-file"])
def test_a_whole_file_is_silenced_from_anywhere(comment: str) -> None:
    for text in (f"{comment}\n{NET.format('')}", f"{NET.format('')}{comment}\n", NET.format(f"  {comment}")):
        assert codes(text) == []


def test_a_file_is_silenced_for_one_rule() -> None:
    for named in ("NN101", "missing-super-init"):
        assert codes(f"# nn-lint: ignore-file[{named}]\n{NET.format('')}") == ["NN201"]


@pytest.mark.parametrize("places", [(" # noqa", "", ""), ("", "", "  # noqa: NN501"), ("", "", "  # nn-lint: ignore")])
def test_a_statement_of_several_rows_is_silenced_at_both_ends(places: tuple[str, str, str]) -> None:
    assert codes(HEAD.format("", "", "")) == ["NN501"]
    assert codes(HEAD.format(*places)) == []


def test_a_comment_in_the_middle_of_a_finding_silences_nothing() -> None:
    assert codes(HEAD.format("", "  # noqa", "")) == ["NN501"]


@pytest.mark.parametrize(
    "row",
    ['text = "# nn-lint: ignore-file"', "text = '''\n# nn-lint: ignore-file\n'''", 'f"{1}# nn-lint: ignore-file"'],
)
def test_a_string_is_no_comment(row: str) -> None:
    assert codes(f"{row}\n{NET.format('')}") == ["NN101", "NN201"]
    assert codes(NET.format(' text = "# noqa";').replace(";\n        ", "; ")) == ["NN101", "NN201"]


def test_a_comment_counts_where_the_file_does_not_parse() -> None:
    broken = "class Net(nn.Module)  {}\n    pass\n"
    assert codes(broken.format("")) == ["NN001"]
    assert codes(broken.format("# noqa")) == []
    assert codes(broken.format("# noqa: NN001")) == []
    assert codes(broken.format("# nn-lint: ignore[syntax-error]")) == []
    assert codes(broken.format("# noqa: NN101")) == ["NN001"]
    assert codes(f"# nn-lint: ignore-file\n{broken.format('')}") == []


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_comments_count_with_every_newline(newline: str) -> None:
    assert codes(NET.format("  # noqa: NN101").replace("\n", newline)) == ["NN201"]
    assert codes(NET.format("").replace("\n", newline)) == ["NN101", "NN201"]


def test_a_silenced_finding_is_not_mended() -> None:
    text = NET.format("  # noqa")
    assert fix(text).content == text.replace("forward(x)", "forward(self, x)")


@pytest.mark.parametrize(
    "text",
    [
        "class Stack[T](list[T]):\n    pass\n",
        "def first[T: (int, str), *Ts, **P](x: T) -> T:\n    return x\n",
        "type Shape = tuple[int, ...]\n",
        "type Pair[T] = tuple[T, T]\n",
        "x = {'a': 1}\ny = f'{x['a']}'\n",
        'y = f"{\'\\n\'.join(["a"])}"\n',
        'y = f"{f"{f"{1}"}"}"\n',
        "y = f'''{\n    1  # one\n}'''\n",
        "class Net[T](nn.Module):\n    def forward(self, x: T) -> T:\n        return x\n",
    ],
)
def test_syntax_of_a_later_python_is_no_error(text: str) -> None:
    assert codes(text) == []


def test_self_goes_behind_type_parameters() -> None:
    head = "from torch import nn\nclass Net[T](nn.Module):\n"
    assert (
        fix(f"{head}    def forward[S: (int, str)](x: S):\n        return self.fc(x)\n").content
        == f"{head}    def forward[S: (int, str)](self, x: S):\n        return self.fc(x)\n"
    )


@pytest.mark.parametrize(
    "text", ["type = 1 +\n", "class A[T]:\n  x = (\n", "y = f'{x['\n", "try: pass\nexcept A, B pass\n"]
)
def test_what_no_python_reads_is_an_error(text: str) -> None:
    assert codes(text) == ["NN001"]


def test_a_fix_that_breaks_the_file_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(listed: ListedRule) -> Rule:
        rule = load_rule(listed)
        if rule.code != "NN201" or rule.check is None:
            return rule
        check_class = rule.check
        return replace(rule, check=lambda cls: map(_broken, check_class(cls)))

    monkeypatch.setattr("nn_lint.engine.load_rule", load)
    text = NET.format("")
    assert fix(text, codes=frozenset({"NN101", "NN201"})).content == NET.format("\n        super().__init__()")


def _broken(finding: Finding) -> Finding:
    assert finding.repair is not None
    edits = tuple(replace(edit, content="((") for edit in finding.repair.edits)
    return replace(finding, repair=replace(finding.repair, edits=edits))


def test_a_file_that_does_not_compile_is_explained_and_left_alone() -> None:
    text = NET.format("") + "return None\n"
    assert codes(text) == ["NN101", "NN201", "NN001"]
    assert all(item.fix is None for item in check(text, codes=ALL_CODES))


def test_diagnostics_travel_between_processes() -> None:
    found = [
        item
        for rule in all_rules()
        for example in rule.examples
        for item in check(unmarked(example.text), example=example)
    ]
    assert {item.code for item in found} == ALL_CODES
    assert pickle.loads(pickle.dumps(found)) == found
    assert {type(item) for item in found} == {Diagnostic}
    assert {item.fix.applicability for item in found if item.fix} <= set(Applicability)


def write_project(folder: Path) -> list[Path]:
    """More files than one process takes; each but the first inherits from the one before."""
    paths = []
    for number in range(3 * FEW_FILES):
        path = folder / f"net{number}.py"
        base, source = ("nn.Module", "") if number == 0 else (f"Net{number - 1}", f"from net{number - 1} import *\n")
        path.write_text(
            f"from torch import nn\n{source}class Net{number}({base}):\n"
            f"    def __init__(self):\n        self.fc{number} = nn.Linear(2, 2)\n"
        )
        paths.append(path)
    return paths


def by_name(reports: list[FileReport]) -> dict[str, FileReport]:
    return {report.filename: report for report in reports}


def test_neither_order_nor_processes_change_the_findings(tmp_path: Path) -> None:
    paths, settings = write_project(tmp_path), Settings(tmp_path)
    alone = [next(check_files([path], settings)) for path in paths]
    assert all([item.code for item in report.diagnostics] == ["NN101"] for report in alone)
    assert list(check_files(paths, settings)) == alone
    assert list(check_files(paths[::-1], settings)) == alone[::-1]
    with ThreadPoolExecutor(1) as executor:
        assert list(check_files(paths, settings, executor)) == alone
    assert by_name(list(check_files(paths[1::2] + paths[::2], settings))) == by_name(alone)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    paths = write_project(tmp_path)[:3]
    paths[1].write_bytes(b"# coding: nothing-of-the-kind\n")
    missing = tmp_path / "missing.py"
    reports = list(check_files([*paths, missing], Settings(tmp_path)))
    assert [report.failure is None for report in reports] == [True, False, True, False]
    assert "cannot be decoded" in (reports[1].failure or "")
    assert "cannot be read" in (reports[3].failure or "")


NEWER = """
from torch import nn
import torch.nn.functional as F

type Shape = tuple[int, ...]


class Net[T](nn.Module):
    def __init__(self, width: int):
        self.width = width
        self.fc = nn.Linear(width, width)

    def forward(x: T) -> T:
        return F.softmax(x)


class Heir(Net[int]):
    def __init__(self):
        super().__init__
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads the text itself")
def test_a_file_for_a_later_python_is_checked_and_mended_all_the_same() -> None:
    found = check(NEWER)
    assert [(item.code, item.span.start.row) for item in found] == [
        ("NN101", 9),
        ("NN201", 13),
        ("NN501", 14),
        ("NN103", 19),
    ]
    mended = fix(NEWER)
    assert "        super().__init__()\n        self.width = width\n" in mended.content
    assert "def forward(self, x: T) -> T:" in mended.content
    assert [item.code for item in mended.remaining] == ["NN501", "NN103"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # nn-lint: ignore[NN101]", "x = 1"),
        ("x = 1  # why  # nn-lint: ignore", "x = 1  # why"),
        ("x = 1  # nn-lint: ignore  # why", "x = 1  # why"),
        ("x = 1  # nn-lint: ignore[NN101] why", "x = 1  # why"),
        ("x = 1  # noqa: E501, NN101, B008", "x = 1  # noqa: E501, B008"),
        ("x = 1\n# nn-lint: ignore-file\ny = 2", "x = 1\ny = 2"),
        ("x = 1  # noqa", "x = 1  # noqa"),
        ("x = 1  # nn-lint: ignore[NN003, NN101]", "x = 1  # nn-lint: ignore[NN003, NN101]"),
    ],
)
def test_an_ignore_that_silences_nothing_is_taken_away(before: str, after: str) -> None:
    assert fix(f"{before}\n").content == f"{after}\n"


def test_an_ignore_of_a_rule_that_is_off_stays() -> None:
    text = "x = 1  # nn-lint: ignore[NN101]\ny = 2  # nn-lint: ignore\n"
    assert check(text, codes=frozenset({"NN003", "NN201"})) == ()
    assert [item.span.start.row for item in check(text)] == [1, 2]


def test_an_ignore_in_a_file_that_does_not_parse_stays() -> None:
    assert codes("x = (  # nn-lint: ignore[NN101]\n") == ["NN001"]
