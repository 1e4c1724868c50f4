"""NN210 in torch: only the second forward runs."""

from __future__ import annotations

import torch

from nn_lint.rules.duplicate_method import RULE

from .models import build


def test_the_first_never_runs() -> None:
    x = torch.randn(8, 4)
    model = build(RULE.examples[0].text, "Net")
    assert torch.equal(model(x), model.get_submodule("fc")(x))
    assert model(x).min() < 0
