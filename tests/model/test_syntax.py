"""The nodes below a node: the same as libcst's, in the same order, without layout."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from nn_lint.model import syntax
from nn_lint.model.syntax import children, walk

_PACKAGE = Path(__file__).parents[2] / "nn_lint"
_NEWER = """
import a.b as c, d
from . import (e as f,)
type Alias[T] = list[T]
async def g(x, /, y: int = 1, *z, k=2, **w) -> None:
    async with a as (b, c), d: await x
    for i, *j in y: continue
    else: del i
    while x: break
    try: raise E from None
    except (A, B) as e: assert x, "no"
    else: global q
    finally: nonlocal r
    match x:
        case [1, *_] | {"a": b, **rest} if b: pass
        case Point(x=0, y=(1 as one)): yield
    return f"{x!r:>{y}} {z}" "b", lambda *a, b=1: a if b else not c, {**d, 1: 2}, {*s}, [i async for i in x if i]
x[1:2:3, ...] @= (y := -z) < 2 <= 3 is not None
"""
_LAYOUT = (
    cst.BaseParenthesizableWhitespace,
    cst.Comment,
    cst.Newline,
    cst.EmptyLine,
    cst.TrailingWhitespace,
    cst.LeftParen,
    cst.RightParen,
    cst.LeftSquareBracket,
    cst.RightSquareBracket,
    cst.LeftCurlyBrace,
    cst.RightCurlyBrace,
    cst.Comma,
    cst.Semicolon,
    cst.AssignEqual,
    cst.Dot,
)


@pytest.mark.parametrize("source", [_NEWER, *(path.read_text("utf-8") for path in sorted(_PACKAGE.rglob("*.py"))[::9])])
def test_children_are_those_of_libcst_without_layout(source: str) -> None:
    for node in walk(cst.parse_module(source)):
        expected = [child for child in node.children if not isinstance(child, _LAYOUT)]
        assert [id(child) for child in children(node)] == [id(child) for child in expected], node


@pytest.mark.parametrize("first", ["f'{x}'", "from a import b", "x", "def f(): pass"])
def test_the_first_node_of_a_kind_does_not_decide_for_all(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "_fields_of", {})
    list(walk(cst.parse_module(first)))
    test_children_are_those_of_libcst_without_layout(_NEWER)
