"""NN213 in torch: the statements change nothing, and nothing is raised."""

from __future__ import annotations

import torch

from nn_lint.rules.result_discarded import RULE

from .models import build

LOUD, SILENT = RULE.examples[0].text, RULE.examples[1].text


def test_nothing_changes() -> None:
    x = torch.randn(2, 4)
    model = build(LOUD, "Net")
    assert torch.equal(model(x), model.get_submodule("fc")(x))
    positions = build(LOUD, "AddPos", 3, 4)
    y = torch.randn(2, 3, 4)
    assert torch.equal(positions(y), y)


def test_in_place_layers_do_change_their_operand() -> None:
    x = torch.randn(2, 4)
    torch.nn.ReLU(inplace=True)(x)
    assert x.min() >= 0
