"""NN405 in torch: a plain tensor gets gradients that no optimizer uses and nothing clears."""

from __future__ import annotations

import torch

from nn_lint.rules.raw_requires_grad import RULE

from .building import build

LOUD = RULE.examples[0]


def test_the_tensor_is_no_parameter_and_its_gradient_grows() -> None:
    broken = build(LOUD.text, "Scale", 4)
    assert not list(broken.parameters())
    assert not broken.state_dict()
    for _ in range(2):
        broken.zero_grad()
        broken(torch.ones(4)).sum().backward()
    assert torch.equal(broken.w.grad, 2 * torch.ones(4))


def test_the_parameter_is_registered() -> None:
    assert {name for name, _ in build(LOUD.fixed_text, "Scale", 4).named_parameters()} == {"w", "b", "c", "d"}
