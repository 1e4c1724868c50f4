"""NN416 in torch: `torch.empty` keeps what is in memory, which deterministic mode shows by filling it with `nan`."""

from __future__ import annotations

import torch

from nn_lint.rules.uninitialised_parameter import RULE

from .building import build


def test_nothing_fills_the_parameter() -> None:
    torch.use_deterministic_algorithms(True)
    try:
        scale = build(RULE.examples[0].text, "Scale", 4)
    finally:
        torch.use_deterministic_algorithms(False)
    assert bool(scale.w.isnan().all())
    assert not bool(scale.c.isnan().any())
    assert bool(scale(torch.ones(4)).isnan().all())
