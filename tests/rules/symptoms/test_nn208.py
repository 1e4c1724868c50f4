"""NN208 in torch: hooks never run, and there is no forward to call."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.call_overridden import RULE

from .models import build


def test_hooks_never_run() -> None:
    seen: list[str] = []
    x = torch.randn(2, 4)
    loud, silent = build(RULE.examples[0].text, "Net"), torch.nn.Linear(4, 4)
    for model in (loud, silent):
        model.register_forward_hook(lambda module, args, output: seen.append(type(module).__name__))
        assert model(x).shape == (2, 4)
    assert seen == ["Linear"]


def test_there_is_no_forward() -> None:
    with pytest.raises(NotImplementedError, match='is missing the required "forward" function'):
        build(RULE.examples[0].text, "Net").forward(torch.randn(2, 4))
