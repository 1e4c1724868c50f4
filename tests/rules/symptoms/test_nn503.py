"""NN503 in torch: the loss of a perfect prediction is far from zero, and a second softmax flattens."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.double_softmax import RULE

from .building import build

TEXT = RULE.examples[0].text


@pytest.mark.parametrize("name", ["Classifier", "Functional"])
def test_a_perfect_prediction_still_costs(name: str) -> None:
    model = build(TEXT, name)
    layer = model.get_submodule("head.0" if name == "Classifier" else "fc")
    assert isinstance(layer, torch.nn.Linear)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.tensor([1000.0] + [0.0] * 9))
    found = model(torch.randn(5, 4), torch.zeros(5, dtype=torch.long))
    loss = found[1] if isinstance(found, tuple) else found
    assert loss.item() == pytest.approx(1.4612, abs=1e-3)


def test_a_second_softmax_flattens() -> None:
    found = build(TEXT, "Twice")(torch.randn(5, 4) * 100).exp()
    assert found.max() < 0.3
