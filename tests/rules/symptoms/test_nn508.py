"""NN508 in torch: the shape is right, and the values stand elsewhere."""

from __future__ import annotations

import torch

from nn_lint.rules.view_instead_of_permute import RULE

from .building import build

TEXT = RULE.examples[0].text


def test_heads_are_mixed() -> None:
    heads = torch.randn(2, 3, 4, 5)
    found, right = build(TEXT, "Merge")(heads), heads.transpose(1, 2).reshape(2, 4, 15)
    assert found.shape == right.shape
    assert not torch.equal(found, right)


def test_positions_are_mixed() -> None:
    model = build(TEXT, "Split")
    x = torch.randn(2, 3, 4)
    layer = model.get_submodule("q")
    right = layer(x).view(2, 3, 2, 2).transpose(1, 2)
    assert model(x).shape == right.shape
    assert not torch.equal(model(x), right)


def test_pixels_and_channels_are_mixed() -> None:
    x = torch.randn(2, 3, 4, 5)
    found, right = build(TEXT, "Images")(x), x.flatten(2).transpose(1, 2)
    assert found.shape == right.shape
    assert not torch.equal(found, right)
