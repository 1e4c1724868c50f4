"""NN402 in torch: the layers of a multiplied list are one layer."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.repeated_instance import RULE

from .building import build

LOUD = RULE.examples[0]


@pytest.mark.parametrize("places", ["blocks", "norms", "two", "turned"])
def test_all_places_hold_one_layer(places: str) -> None:
    broken, mended = (
        getattr(build(LOUD.text, "Tower", 4, 3), places),
        getattr(build(LOUD.fixed_text, "Tower", 4, 3), places),
    )
    assert len(broken) == len(mended)
    kept, built = list(broken.parameters()), list(mended.parameters())
    assert len(kept) == 2
    assert len(built) == 2 * len([layer for layer in mended if list(layer.parameters())]) > 2


def test_a_layer_that_is_named_several_times_is_one() -> None:
    stack = build(RULE.examples[1].text, "Stack", 4, 3, torch.nn.Linear(4, 4))
    assert all(
        len(list(getattr(stack, name).parameters())) == 2 for name in ("blocks", "layers", "six", "given", "net")
    )
