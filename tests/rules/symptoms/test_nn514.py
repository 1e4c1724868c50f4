"""NN514 in torch: the samples of a batch see each other, and the steps of a sequence do not."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.batch_first import RULE

from .building import build


@pytest.mark.parametrize("name", ["Encoder", "Unpacked", "Commented"])
def test_samples_are_mixed_and_steps_are_not(name: str) -> None:
    model = build(RULE.examples[0].text, name).eval()
    x = torch.randn(3, 5, 4)
    other = x.clone()
    other[0] += 1.0 + torch.randn(5, 4)
    assert not torch.allclose(model(x)[1:], model(other)[1:])
    step = x.clone()
    step[:, 0] += 1.0 + torch.randn(3, 4)
    assert torch.allclose(model(x)[:, 1:], model(step)[:, 1:])
