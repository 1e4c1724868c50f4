"""NN412 in torch: a layer that forward makes is always in training mode, and has new weights in each call."""

from __future__ import annotations

import torch

from nn_lint.rules.layer_in_forward import RULE

from .building import build

DROPOUT, WEIGHTS = RULE.examples[:2]


def test_evaluation_does_not_reach_the_dropout() -> None:
    x = torch.rand(64, 4)
    broken, mended = build(DROPOUT.text, "Net").eval(), build(DROPOUT.fixed_text, "Net").eval()
    assert not torch.equal(broken(x), broken(x))
    assert torch.equal(mended(x), x)
    assert not torch.equal(mended.train()(x), x)


def test_weights_are_new_in_each_call() -> None:
    fresh, x = build(WEIGHTS.text, "Fresh").eval(), torch.rand(8, 4)
    assert not list(fresh.parameters())
    assert not torch.equal(fresh(x), fresh(x))
