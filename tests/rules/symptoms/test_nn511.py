"""NN511 in torch: nothing can be trained, or a part gets no gradient."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.no_grad_forward import RULE

from .building import build

TEXT = RULE.examples[0].text


def test_backward_raises() -> None:
    with pytest.raises(RuntimeError, match="does not require grad"):
        build(TEXT, "Net")(torch.randn(3, 4)).sum().backward()


def test_a_part_gets_no_gradient() -> None:
    model = build(TEXT, "Half")
    model(torch.randn(3, 4)).sum().backward()
    assert model.get_parameter("body.0.weight").grad is None
    assert model.get_parameter("head.weight").grad is not None
