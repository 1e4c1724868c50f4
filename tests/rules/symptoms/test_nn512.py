"""NN512 in torch: the layer before the copy gets no gradient."""

from __future__ import annotations

import warnings

import pytest
import torch

from nn_lint.rules.graph_break import RULE

from .building import build

TEXT = RULE.examples[0].text


@pytest.mark.parametrize("name", ["Wrapped", "Data", "Numbers"])
def test_the_layer_before_gets_no_gradient(name: str) -> None:
    model = build(TEXT, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(torch.randn(3, 2)).sum().backward()
    assert model.get_parameter("a.weight").grad is None
    assert model.get_parameter("b.weight").grad is not None


def test_nothing_is_left_to_train() -> None:
    assert not build(TEXT, "Scaled")(torch.randn(3, 2)).requires_grad
