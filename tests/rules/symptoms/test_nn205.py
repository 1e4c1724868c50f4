"""NN205 in torch: the call gives `None`, and the next layer fails."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.forward_no_return import RULE

from .models import build

LOUD = RULE.examples[0]


def test_the_call_gives_none_without_a_word() -> None:
    x = torch.randn(1, 3, 4, 4)
    assert build(LOUD.text, "Block")(x) is None
    assert build(LOUD.fixed_text, "Block")(x).shape == (1, 3, 4, 4)


@pytest.mark.parametrize("name", ["Net", "Stack", "Named", "Activated", "Sum", "Bare"])
def test_a_name_that_was_assigned_last_is_lost(name: str) -> None:
    x = torch.randn(2, 4)
    if name != "Activated":
        assert build(LOUD.text, name)(x) is None
    assert build(LOUD.fixed_text, name)(x).shape[0] == 2


def test_the_next_layer_fails() -> None:
    broken = torch.nn.Sequential(build(LOUD.text, "Net"), torch.nn.Linear(2, 2))
    mended = torch.nn.Sequential(build(LOUD.fixed_text, "Net"), torch.nn.Linear(2, 2))
    with pytest.raises(TypeError, match="must be Tensor, not NoneType"):
        broken(torch.randn(2, 4))
    assert mended(torch.randn(2, 4)).shape == (2, 2)
