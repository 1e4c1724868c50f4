"""NN212 in torch: the layer is a tuple that is not registered, the result a tuple that no layer takes."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.trailing_comma import RULE

from .models import build

LOUD = RULE.examples[0]


@pytest.mark.parametrize("name", ["Net", "Formatted"])
def test_the_layer_is_a_tuple(name: str) -> None:
    x = torch.randn(1, 1, 4, 4)
    broken = build(LOUD.text, name)
    assert not list(broken.children())
    with pytest.raises(TypeError, match="'tuple' object is not callable"):
        broken(x)
    assert build(LOUD.fixed_text, name)(x).shape[0] == 1


def test_the_result_is_a_tuple() -> None:
    x = torch.randn(1, 1, 4, 4)
    with pytest.raises(TypeError, match="tuple"):
        build(LOUD.text, "Results")(x)
    with pytest.raises(TypeError, match="conv2d\\(\\) received an invalid combination of arguments - got \\(tuple"):
        build(LOUD.text.replace("F.relu(x),", "x"), "Results")(x)
    assert build(LOUD.fixed_text, "Results")(x).shape == (1, 1, 4, 4)
