"""The few questions that tell which files are compiled: none that CPython's compiler refuses may be missed."""

from __future__ import annotations

import ast

import pytest

from nn_lint.source.compilation import may_not_compile
from nn_lint.source.text import Text

REFUSED = [
    "return 1",
    "class A:\n    return 1",
    "def f():\n    class A:\n        return 1",
    "if x:\n    for y in z:\n        return y",
    "break",
    "for x in y:\n    pass\nelse:\n    break",
    "while x:\n    def f():\n        continue",
    "for x in y:\n    class A:\n        break",
    "def f(x, x): pass",
    "def f(x, *, x): pass",
    "try:\n    pass\nexcept E:\n    break",
]
TAKEN = [
    "def f():\n    return 1",
    "def f():\n    if x:\n        return 1",
    "for x in y:\n    try:\n        pass\n    except E:\n        break\n    finally:\n        x = 1",
    "while x:\n    with y:\n        continue",
    "async def f(x, *y, z):\n    async for x in y:\n        break\n    return x",
    "for x in y:\n    match x:\n        case 1:\n            break",
]


@pytest.mark.parametrize("content", REFUSED)
def test_what_the_compiler_refuses(content: str) -> None:
    assert may_not_compile(ast.parse(content))
    assert Text(content).refusal is not None


@pytest.mark.parametrize("content", TAKEN)
def test_what_it_takes(content: str) -> None:
    assert not may_not_compile(ast.parse(content))
    assert Text(content).refusal is None
