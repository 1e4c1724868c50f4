"""NN505 in torch: two runs of an evaluating module differ."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.dropout_always_on import RULE

from .building import build

LOUD = RULE.examples[0]


@pytest.mark.parametrize(("name", "count"), [("Attention", 3), ("Head", 1)])
def test_dropout_goes_on_in_evaluation(name: str, count: int) -> None:
    inputs = [torch.randn(4, 8, 8) for _ in range(count)]
    broken, mended = build(LOUD.text, name).eval(), build(LOUD.fixed_text, name).eval()
    assert not torch.equal(broken(*inputs), broken(*inputs))
    assert torch.equal(mended(*inputs), mended(*inputs))
    mended.train()
    assert not torch.equal(mended(*inputs), mended(*inputs))
