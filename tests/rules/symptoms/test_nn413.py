"""NN413 in torch: a model does not see the layers of an object that is no module."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.not_a_module import RULE

from .building import build

LOUD = RULE.examples[0]


def test_the_layers_are_no_parameters() -> None:
    broken, mended = build(LOUD.text, "Net"), build(LOUD.fixed_text, "Net")
    assert not list(broken.parameters())
    assert len(list(mended.parameters())) == 4
    assert broken(torch.rand(2, 4)).shape == mended(torch.rand(2, 4)).shape


def test_the_object_is_not_callable() -> None:
    with pytest.raises(TypeError, match="'Projector' object is not callable"):
        build(LOUD.text, "Projector", 4)(torch.rand(2, 4))
