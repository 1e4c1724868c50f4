"""NN407 in torch: a value in the place of a method makes every call of it fail."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.shadowed_module_api import RULE

from .building import build

LOUD = RULE.examples[0].text


def test_evaluation_calls_train() -> None:
    with pytest.raises(TypeError, match="'bool' object is not callable"):
        build(LOUD, "Net", 4, []).eval()


@pytest.mark.parametrize("name", ["modules", "half", "children"])
def test_the_method_is_gone(name: str) -> None:
    with pytest.raises(TypeError, match="not callable"):
        getattr(build(LOUD, "Net", 4, []), name)()


def test_moving_walks_over_children() -> None:
    with pytest.raises(TypeError, match="not callable"):
        build(LOUD, "Net", 4, []).to("cpu")


def test_the_method_hides_a_layer() -> None:
    model = build(LOUD, "Flag")
    assert "to" in dict(model.named_children())
    assert not isinstance(model.to, torch.nn.Module)
