"""NN406 in torch: a misspelled attribute is taken and freezes nothing."""

from __future__ import annotations

import torch

from nn_lint.rules.requires_grad_typo import RULE

from .building import build

LOUD = RULE.examples[0]


def test_nothing_is_frozen() -> None:
    body = torch.nn.Sequential(torch.nn.Linear(4, 4))
    broken = build(LOUD.text, "Frozen", body)
    broken.freeze()
    assert all(item.requires_grad for item in broken.parameters())


def test_the_right_name_freezes() -> None:
    body = torch.nn.Sequential(torch.nn.Linear(4, 4))
    mended = build(LOUD.fixed_text, "Frozen", body)
    assert not any(item.requires_grad for item in mended.parameters())


def test_a_layer_takes_any_attribute() -> None:
    noted = build(RULE.examples[1].text, "Noted")
    assert noted.fc.requires_grad is False
    assert all(item.requires_grad for item in noted.parameters())
