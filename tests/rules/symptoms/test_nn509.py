"""NN509 in torch: without a GPU the module cannot be built."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.hardcoded_device import RULE

from .building import build


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_it_raises_without_a_gpu() -> None:
    with pytest.raises((AssertionError, RuntimeError), match=r"CUDA|NVIDIA"):
        build(RULE.examples[0].text, "Net")
