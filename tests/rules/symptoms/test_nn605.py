"""NN605 in torch: the first forward pass raises."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.layer_shape_mismatch import RULE

from .building import build


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("Sequence", (2, 10), "shapes cannot be multiplied"),
        ("Images", (2, 3, 9, 9), "running_mean should contain 8 elements not 16"),
        ("Chained", (2, 3, 9, 9), "to have 16 channels, but got 8 channels"),
    ],
)
def test_forward_raises(name: str, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        build(RULE.examples[0].text, name)(torch.randn(shape))
