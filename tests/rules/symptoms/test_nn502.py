"""NN502 in torch: a prediction depends on the other samples of its batch."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.softmax_batch_dim import RULE

from .building import build

TEXT = RULE.examples[0].text


@pytest.mark.parametrize("name", ["Net", "Layered", "Stored"])
def test_samples_depend_on_each_other(name: str) -> None:
    model = build(TEXT, name)
    x = torch.randn(5, 4)
    assert torch.allclose(model(x).sum(0), torch.ones(3))
    assert torch.allclose(model(x[:1]), torch.ones(1, 3))
    assert not torch.allclose(model(x)[:1], model(x[:1]))
