"""NN109 in torch: the mixin's `__init__` never ran."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.mixin_after_module import RULE

from .models import build

LOUD = RULE.examples[0].text


@pytest.mark.parametrize(("name", "missing"), [("Net", "scale"), ("Counting", "count")])
def test_its_attributes_are_not_there(name: str, missing: str) -> None:
    model = build(LOUD, name)
    with pytest.raises(AttributeError, match=f"'{name}' object has no attribute '{missing}'"):
        model(torch.randn(2, 3))


def test_in_front_of_the_module_it_runs() -> None:
    text = LOUD.replace("(nn.Module, ScaleMixin)", "(ScaleMixin, nn.Module)")
    assert build(text, "Net")(torch.randn(2, 3)).shape == (2, 3)
