"""NN308 in torch: a branch that is activated before its sum can only add to the input."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.residual_activation_order import RULE
from tests.rules.harness import unmarked

LOUD = RULE.examples[0]


def build(text: str | None, name: str) -> torch.nn.Module:
    assert text is not None
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(unmarked(text), namespace)
    torch.manual_seed(0)
    return namespace[name](6)


@pytest.mark.parametrize("name", ["BasicBlock", "Twice", "Short"])
def test_the_branch_never_takes_anything_away(name: str) -> None:
    x = torch.rand(4, 6, 5, 5)
    assert bool((build(LOUD.text, name)(x) >= x).all())


@pytest.mark.parametrize("name", ["BasicBlock", "Twice", "Short"])
def test_the_mended_block_can_take_away_and_is_activated_once(name: str) -> None:
    x = torch.rand(4, 6, 5, 5)
    out = build(LOUD.fixed_text, name)(x)
    assert bool((out < x).any())
    assert bool((out >= 0).all())
