"""NN504 in torch: probabilities stay between 0.5 and 0.73, and the loss has a floor."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.double_sigmoid import RULE

from .building import build

TEXT = RULE.examples[0].text


@pytest.mark.parametrize(("target", "floor"), [(1.0, 0.3132), (0.0, 0.6931)])
@pytest.mark.parametrize(("name", "shape"), [("Detector", (5, 1)), ("Functional", (5,))])
def test_the_loss_has_a_floor(name: str, shape: tuple[int, ...], target: float, floor: float) -> None:
    model = build(TEXT, name)
    layer = model.get_submodule("head.0" if name == "Detector" else "fc")
    assert isinstance(layer, torch.nn.Linear)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.fill_(1000.0 if target else -1000.0)
    assert model(torch.randn(5, 4), torch.full(shape, target)).item() == pytest.approx(floor, abs=1e-3)


def test_predictions_stay_in_the_middle() -> None:
    found = build(TEXT, "Twice")(torch.randn(50, 4) * 100)
    assert found.min() >= 0.5
    assert found.max() < 0.74
