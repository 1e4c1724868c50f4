"""The concise and the full format."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nn_lint.config import Settings, VerifySettings
from nn_lint.diagnostic import Applicability, Position, Severity, Span
from nn_lint.report import concise, full
from tests.report.making import diagnostic, fix, span

SETTINGS = Settings(Path("/project"))


def test_concise_is_one_line() -> None:
    assert list(concise.render([diagnostic()], SETTINGS)) == [
        "src/net.py:3:9: NN101 `Net.__init__` never calls `super().__init__()`"
    ]


@pytest.mark.parametrize(
    ("applicability", "settings", "marked"),
    [
        (Applicability.SAFE, SETTINGS, True),
        (Applicability.VERIFIED, SETTINGS, True),
        (Applicability.VERIFIED, Settings(Path("/project"), verify=VerifySettings(enabled=False)), False),
        (Applicability.UNSAFE, SETTINGS, False),
        (Applicability.UNSAFE, Settings(Path("/project"), unsafe_fixes=True), True),
    ],
)
def test_the_mark_tells_what_fix_would_apply(applicability: Applicability, settings: Settings, marked: bool) -> None:
    found = [diagnostic(fix=fix(applicability))]
    assert ("NN101 [*] `" in next(concise.render(found, settings))) is marked
    assert ("NN101 [*] `" in next(full.render(found, settings))) is marked


def test_full_has_a_frame_and_the_help_of_the_fix() -> None:
    assert next(full.render([diagnostic(fix=fix())], SETTINGS)) == (
        "src/net.py:3:9: NN101 [*] `Net.__init__` never calls `super().__init__()`\n"
        "  |\n"
        "3 |     def __init__(self):\n"
        "  |         ^^^^^^^^ NN101\n"
        "  |\n"
        "  = help: Insert `super().__init__()`\n"
    )


def test_the_gutter_is_as_wide_as_the_number() -> None:
    lines = next(full.render([diagnostic(where=span(1234, 9, 17))], SETTINGS)).splitlines()
    assert [line.index("|") for line in lines[1:5]] == [5, 5, 5, 5]


@pytest.mark.parametrize("severity", list(Severity))
def test_colour_adds_nothing_but_escape_codes(severity: Severity) -> None:
    found = [diagnostic(fix=fix(), severity=severity)]
    plain, coloured = next(full.render(found, SETTINGS)), next(full.render(found, SETTINGS, colour=True))
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize(
    ("line", "columns", "shown", "carets"),
    [
        ("\tdef f(x):", (6, 7), "    def f(x):", (8, 1)),
        ("a\tb = c", (3, 4), "a   b = c", (4, 1)),
        ("\t  \tx", (5, 6), "        x", (8, 1)),
        ("变量 = f(x)", (6, 7), "变量 = f(x)", (7, 1)),
        ("x = '你好' + y", (5, 9), "x = '你好' + y", (4, 6)),
        ("e\u0301 = f", (6, 7), "e\u0301 = f", (4, 1)),
        ("\x0cclass A:", (2, 7), "␌class A:", (1, 5)),
        ("x = '\x1b[31m'", (1, 2), "x = '␛[31m'", (0, 1)),
        ("x = 1", (3, 3), "x = 1", (2, 1)),
        ("x = 1", (9, 12), "x = 1", (5, 1)),
        ("", (1, 1), "", (0, 1)),
    ],
)
def test_carets_stand_under_the_span(line: str, columns: tuple[int, int], shown: str, carets: tuple[int, int]) -> None:
    assert full.frame(line, *columns) == (shown, *carets)


def test_a_span_over_rows_is_marked_to_the_end_of_its_first() -> None:
    where = Span(Position(3, 5), Position(6, 2))
    assert "  |     ^^^^^^^ NN101" in next(full.render([diagnostic("    return(  ", where)], SETTINGS))


def test_a_very_long_line_is_cut_around_the_carets() -> None:
    line = "x = [" + "1, " * 5000 + "f(y)]"
    shown, indent, width = full.frame(line, line.index("f(y)") + 1, line.index("f(y)") + 5)
    assert shown[indent : indent + width] == "f(y)"
    assert len(shown) < 200
