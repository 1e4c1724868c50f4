"""NN414 in torch: a container cannot be called."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.container_called import RULE

from .building import build


@pytest.mark.parametrize("name", ["Net", "Local"])
def test_the_first_call_fails(name: str) -> None:
    with pytest.raises(NotImplementedError, match='missing the required "forward" function'):
        build(RULE.examples[0].text, name)(torch.rand(2, 4))
