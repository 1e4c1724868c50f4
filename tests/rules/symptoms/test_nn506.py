"""NN506 in torch: a batch of one sample loses its batch dimension."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.squeeze_all import RULE

from .building import build

TEXT = RULE.examples[0].text


@pytest.mark.parametrize(
    ("name", "sample", "left"),
    [("Pooled", (3, 6, 6), (3,)), ("Functional", (3, 6, 6), (8,)), ("Regressor", (4,), ())],
)
def test_the_batch_is_dropped(name: str, sample: tuple[int, ...], left: tuple[int, ...]) -> None:
    model = build(TEXT, name)
    assert model(torch.randn(2, *sample)).shape == (2, *left)
    assert model(torch.randn(1, *sample)).shape == left


def test_what_follows_raises() -> None:
    model = build(TEXT, "Classifier")
    assert model(torch.randn(2, 3, 6, 6)).shape == (2, 5)
    with pytest.raises(IndexError, match="Dimension out of range"):
        model(torch.randn(1, 3, 6, 6))
