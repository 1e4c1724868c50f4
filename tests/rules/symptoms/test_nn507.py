"""NN507 in torch: the linear layer raises, or there are more rows than samples."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.view_folds_batch import RULE

from .building import build

TEXT = RULE.examples[0].text


@pytest.mark.parametrize("name", ["Flat", "Viewed"])
def test_more_than_one_sample_raises(name: str) -> None:
    model = build(TEXT, name).eval()
    assert model(torch.randn(1, 3, 6, 6)).shape == (2,)
    with pytest.raises(RuntimeError, match=r"shapes cannot be multiplied|size mismatch"):
        model(torch.randn(2, 3, 6, 6))


def test_rows_are_no_samples() -> None:
    assert build(TEXT, "Rows")(torch.randn(3, 3, 9, 9)).shape == (6, 2)
