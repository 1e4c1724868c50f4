"""NN204 in torch: the class has no forward, and its first call says so."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.forward_misplaced import RULE

from .models import build

LOUD = RULE.examples[0]


@pytest.mark.parametrize("name", ["Net", "Helped", "Beside"])
def test_the_class_has_no_forward(name: str) -> None:
    x = torch.randn(2, 4)
    with pytest.raises(NotImplementedError, match='is missing the required "forward" function'):
        build(LOUD.text, name)(x)
    assert build(LOUD.fixed_text, name)(x).shape == (2, 4)
