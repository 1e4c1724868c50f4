"""NN403 in torch: a tensor that is no buffer stays where it was when the model moves."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.tensor_not_buffer import RULE

from .building import build

LOUD = RULE.examples[0]


def test_the_tensor_stays_behind() -> None:
    broken = build(LOUD.text, "Normalize", 3).to("meta")
    assert broken.mean.device == torch.device("cpu")
    with pytest.raises((RuntimeError, NotImplementedError)):
        broken(torch.rand(2, 3, 8, 8, device="meta"))


def test_a_buffer_moves_and_is_not_saved() -> None:
    mended = build(LOUD.fixed_text, "Normalize", 3)
    assert not mended.state_dict()
    assert mended(torch.rand(2, 3, 8, 8)).shape == (2, 3, 6, 6)
    assert mended.to("meta")(torch.rand(2, 3, 8, 8, device="meta")).is_meta
