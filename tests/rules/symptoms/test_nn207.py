"""NN207 in torch: the name is not defined, or the layer is neither registered nor there."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.missing_self_prefix import RULE

from .models import build

LOUD = RULE.examples[0]


@pytest.mark.parametrize(("name", "error"), [("Net", NameError), ("Heir", NameError), ("Both", NameError)])
def test_the_name_is_not_defined(name: str, error: type[Exception]) -> None:
    x = torch.randn(2, 4)
    with pytest.raises(error, match="is not defined"):
        build(LOUD.text, name)(x)
    assert build(LOUD.fixed_text, name)(x) is not None


def test_the_local_layer_is_gone() -> None:
    x = torch.randn(2, 4)
    broken, mended = build(LOUD.text, "Local"), build(LOUD.fixed_text, "Local")
    assert not list(broken.parameters())
    with pytest.raises(AttributeError, match="'Local' object has no attribute 'out'"):
        broken(x)
    assert mended(x).shape == (2, 2)
    assert len(mended.state_dict()) == 4
