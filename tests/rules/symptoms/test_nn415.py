"""NN415 in torch: `nn.Sequential` refuses a list."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.sequential_list import RULE

from .building import build

LOUD = RULE.examples[0]


def test_a_list_is_refused_when_the_model_is_built() -> None:
    with pytest.raises(TypeError, match="list is not a Module subclass"):
        build(LOUD.text, "Net", 4, 2)


def test_unpacked_layers_run() -> None:
    assert build(LOUD.fixed_text, "Net", 4, 2)(torch.rand(3, 4)).shape == (3, 4)
