"""NN211 in torch: the next layer gets a layer, or the container refuses the class."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.class_not_instance import RULE

from .models import build

LOUD = RULE.examples[0]


def test_the_next_layer_gets_a_layer() -> None:
    x = torch.randn(2, 4)
    with pytest.raises(TypeError, match="must be Tensor, not GELU"):
        build(LOUD.text.replace("nn.ReLU  ", "nn.ReLU()  "), "Net")(x)
    assert isinstance(build(LOUD.text, "Bare")(x), torch.nn.Module)
    assert build(LOUD.fixed_text, "Net")(x).shape == (2, 4)
    assert torch.equal(build(LOUD.fixed_text, "Bare")(x), x.relu())


def test_the_container_refuses_the_class() -> None:
    with pytest.raises(TypeError, match="is not a Module subclass"):
        build(LOUD.text, "Listed")
    assert build(LOUD.fixed_text, "Listed")(torch.randn(2, 4)).min() >= 0
