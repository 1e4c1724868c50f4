"""NN513 in torch: `eval()` gives nothing, or raises."""

from __future__ import annotations

import pytest

from nn_lint.rules.train_override import RULE

from .building import build

FIRST, SECOND = RULE.examples[:2]


def test_eval_gives_nothing() -> None:
    assert build(FIRST.text, "Frozen").eval() is None
    mended = build(FIRST.fixed_text, "Frozen")
    assert mended.eval() is mended


def test_eval_raises() -> None:
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        build(SECOND.text, "Modeless").eval()


def test_eval_leaves_the_mode() -> None:
    text = RULE.examples[-2].text
    assert build(text, "Given").eval().training
    assert not build(RULE.examples[-2].fixed_text, "Net").eval().training
