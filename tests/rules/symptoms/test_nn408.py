"""NN408 and NN418 in torch: weights that are never used get no gradient."""

from __future__ import annotations

import torch

from nn_lint.rules import copy_paste_layer, unused_layer

from .building import build


def test_an_unused_layer_gets_no_gradient_and_an_unused_activation_is_not_applied() -> None:
    block = build(unused_layer.RULE.examples[0].text, "ConvBlock", 4, 4)
    out = block(torch.randn(2, 4, 8, 8))
    out.sum().backward()
    assert block.fc.weight.grad is None
    assert block.conv.weight.grad is not None
    assert bool((out < 0).any())


def test_the_sibling_of_a_layer_that_runs_twice_never_trains() -> None:
    net = build(copy_paste_layer.RULE.examples[0].text, "Net")
    net(torch.randn(2, 4, 8, 8)).sum().backward()
    assert net.conv1.weight.grad is not None
    assert net.conv2.weight.grad is None
    assert "conv2.weight" in net.state_dict()
