"""NN206 in torch: all layers but the first never run, or one path gives `None`."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.forward_partial_return import RULE

from .models import build

LOUD = RULE.examples[0].text


@pytest.mark.parametrize("name", ["Stack", "Counted", "Collected", "Added"])
def test_only_the_first_layer_runs(name: str) -> None:
    model = build(LOUD, name)
    result = model(torch.randn(2, 4))
    total = result[0].sum() if isinstance(result, list) else result.sum()
    total.backward()
    trained = {key.split(".")[1] for key, parameter in model.named_parameters() if parameter.grad is not None}
    assert trained == {"0"}
    assert len(model.state_dict()) == 6


@pytest.mark.parametrize("name", ["Normed", "Dropped", "Else", "Only"])
def test_one_path_gives_none(name: str) -> None:
    model = build(LOUD, name).eval()
    x = torch.randn(2, 4)
    assert model(x) is None
    if name == "Dropped":
        assert model(x, torch.tensor([0, 1])) is not None
    elif name == "Normed":
        assert build(LOUD, name, torch.nn.LayerNorm(4))(x) is not None
    else:
        assert model.train()(x) is not None
