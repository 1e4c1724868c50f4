"""NN515 in torch: the gradient of the bias is zero."""

from __future__ import annotations

import torch

from nn_lint.rules.bias_before_norm import RULE

from .building import build


def test_the_bias_gets_no_gradient() -> None:
    model = build(RULE.examples[0].text, "Block")
    (model(torch.randn(4, 3, 9, 9)) ** 3).sum().backward()
    found = model.get_parameter("conv.bias").grad
    assert found is not None
    assert found.abs().max() < 1e-3
    weight = model.get_parameter("conv.weight").grad
    assert weight is not None
    assert weight.abs().max() > 1e-2
