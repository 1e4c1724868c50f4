"""NN417 in torch: an initialiser fills the row of padding, which gets no gradient."""

from __future__ import annotations

import torch

from nn_lint.rules.padding_idx_overwritten import RULE

from .building import build

LOUD = RULE.examples[0]


def test_padding_is_a_random_vector_that_never_trains() -> None:
    broken = build(LOUD.text, "Tokens", 5, 3)
    padding = torch.zeros(1, dtype=torch.long)
    assert bool(broken(padding).abs().sum() > 0)
    broken(padding).sum().backward()
    assert not bool(broken.emb.weight.grad.any())


def test_padding_is_zero_again() -> None:
    assert not bool(build(LOUD.fixed_text, "Tokens", 5, 3)(torch.zeros(1, dtype=torch.long)).any())
