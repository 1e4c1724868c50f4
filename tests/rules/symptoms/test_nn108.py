"""NN108 in torch: the layers that were registered first are gone."""

from __future__ import annotations

import pytest

from nn_lint.rules.double_module_init import RULE

from .models import build

LOUD, SILENT = RULE.examples[0].text, RULE.examples[1].text


@pytest.mark.parametrize(
    ("name", "kept", "lost"),
    [
        ("Diamond", ["b"], ["a"]),
        ("Late", [], ["fc"]),
        ("Mixed", ["b"], ["c", "own"]),
        ("Again", [], ["a", "fc"]),
    ],
)
def test_earlier_layers_are_gone(name: str, kept: list[str], lost: list[str]) -> None:
    model = build(LOUD, name)
    assert [key for key, _ in model.named_children()] == kept
    for attribute in lost:
        with pytest.raises(AttributeError):
            getattr(model, attribute)


@pytest.mark.parametrize(("name", "kept"), [("Twice", ["a"]), ("Both", ["a"]), ("Early", ["a", "fc"])])
def test_silent_ones_keep_all(name: str, kept: list[str]) -> None:
    text = SILENT.replace("class Unseen(A, Base)", "class Unseen(A)")
    model = build(text, name)
    assert [key for key, _ in model.named_children()] == kept
