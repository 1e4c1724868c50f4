"""Mixed indentation: what CPython accepts becomes a text that every parser reads, and positions find their way back."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from itertools import zip_longest

import libcst
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from nn_lint.diagnostic import Position, Span
from nn_lint.fixing.apply import apply_edits
from nn_lint.source.indentation import Reindented, reindent
from nn_lint.source.lines import Lines
from nn_lint.source.text import Text

WHITE = st.text(st.sampled_from(" \t"), min_size=1, max_size=9)
SIMPLE = (
    "x = 1",
    "pass",
    "call(1,{n}{w}2)",
    "x = [{n}{w}1,{n}{w}# inside{n}2]",
    "x = 1 + \\{n}{w}2",
    "x = '''a{n}{w}b{n}'''",
    'x = f"""{{1}}{n}\t  {{2}}"""; y = 2',
    "'docstring'",
    "@other{n}{i}def f(): return 1",
    "if x: pass; y = 1",
)
HEADERS = ("if x:", "class A:", "def f(a,{n}{w}b):", "for x in y:", "while (1 and{n}{w}2):", "with a as b:  # why")


@st.composite
def mixed_texts(draw: st.DrawFn) -> str:
    """Nested code in which each block has any white space that is deeper than its header's."""
    newline = draw(st.sampled_from(("\n", "\n", "\r\n", "\r")))
    rows: list[str] = []

    def emit(template: str, indent: str) -> None:
        white = draw(st.one_of(st.just(""), WHITE))
        rows.append(indent + template.format(n=newline, w=white, i=indent))
        noise = draw(st.integers(0, 9))
        if noise == 0:
            rows.append(draw(st.one_of(st.just(""), WHITE)))
        elif noise == 1:
            rows.append(draw(st.one_of(st.just(indent), st.just(""), WHITE)) + "# comment")
        elif noise == 2:
            rows.append("\f")

    def block(outer: str, depth: int) -> None:
        white = draw(WHITE)
        inner = outer + white if draw(st.booleans()) else white
        for _ in range(draw(st.integers(1, 3))):
            indent = draw(st.one_of(st.just(inner), st.permutations(inner).map("".join)))
            if depth < 4 and draw(st.integers(0, 2)) == 0:
                emit(draw(st.sampled_from(HEADERS)), indent)
                block(inner, depth + 1)
            else:
                emit(draw(st.sampled_from(SIMPLE)), indent)

    for _ in range(draw(st.integers(1, 3))):
        emit(draw(st.sampled_from(HEADERS)), "")
        block("", 1)
        if draw(st.booleans()):
            emit("x = 1", "")
    return newline.join(rows) + draw(st.sampled_from(("", newline)))


def parse(text: str) -> ast.Module | None:
    """CPython's tree, `None` where it refuses the text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            return None


def spans(tree: ast.Module) -> Iterator[Span]:
    """Where the nodes of a tree stand; the texts are ASCII, so bytes are characters."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr)):
            assert node.end_lineno is not None and node.end_col_offset is not None
            start, end = Position(node.lineno, node.col_offset + 1), Position(node.end_lineno, node.end_col_offset + 1)
            yield Span(start, end)


def assert_reindented(text: str, tree: ast.Module, result: Reindented) -> None:
    """The promises of a re-indented text."""
    new = parse(result.text)
    assert new is not None
    assert ast.dump(new) == ast.dump(tree)
    assert [row.strip(" \t\f") for row in Lines(result.text)] == [row.strip(" \t\f") for row in Lines(text)]
    assert reindent(Lines(result.text)) is None
    for before, after in zip_longest(spans(tree), spans(new)):
        assert result.original(after) == before
    edits = [edit for block in result.blocks for edit in result.edits(block)]
    assert apply_edits(Lines(text), edits) == result.text
    for block in result.blocks:
        assert block.first_row <= block.offending_row <= block.last_row


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(mixed_texts())
@example("class A:\n\tdef f(self):\n         return 1\n")
@example("class A:\n\tdef f(self):\n         return '''\n\t a\n'''\n")
def test_what_cpython_reads_every_parser_reads_at_last(text: str) -> None:
    tree = parse(text)
    assume(tree is not None)
    assert tree is not None
    libcst.parse_module(Text(text).readable.text)
    result = reindent(Lines(text))
    if result is not None:
        assert_reindented(text, tree, result)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(("\t", "  ", "    ", "\t\t")), st.sampled_from(("\n", "\r\n", "\r")))
def test_clean_indentation_is_left_alone(unit: str, newline: str) -> None:
    rows = ("class A:", f"{unit}def f(self):", f"{unit * 2}return call(1,", " \t 2)", "", f"{unit} \t# comment")
    assert reindent(Lines(newline.join(rows))) is None


@pytest.mark.parametrize("white", ["\f", "\f    ", "    \f"])
def test_a_form_feed_is_no_mixture(white: str) -> None:
    text = f"class A:\n\tx = 1\nclass B:\n    x = 1\n{white}\n\fclass C:\n    y = 1\n{white}    # comment\n"
    assert parse(text) is not None
    assert reindent(Lines(text)) is None


def test_a_block_is_reindented_and_its_neighbours_stay() -> None:
    text = (
        "class A:\n  def f(self):\n      return 1\nclass B:\n\tdef f(self):\n         return 2\n\nclass C:\n\tx = 1\n"
    )
    result = reindent(Lines(text))
    assert result is not None
    assert [(block.first_row, block.last_row, block.offending_row) for block in result.blocks] == [(4, 7, 6)]
    assert result.text.startswith("class A:\n  def f(self):\n      return 1\nclass B:\n")
    assert result.text.endswith("\nclass C:\n\tx = 1\n")
    libcst.parse_module(result.text)


def test_what_cpython_refuses_is_left_alone() -> None:
    assert Text("class A:\n\tx = 1\n        y = 2\n").reindented is None
