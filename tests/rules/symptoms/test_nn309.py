"""NN309 in torch: a block that overwrites its stream forgets the scale of its input."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.residual_stream_overwritten import RULE
from tests.rules.harness import unmarked

LOUD, SILENT = RULE.examples[:2]


def build(text: str, name: str) -> torch.nn.Module:
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(unmarked(text), namespace)
    torch.manual_seed(0)
    return namespace[name](8).eval()


def without_branches(model: torch.nn.Module) -> torch.nn.Module:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name and "ln_" not in name:
                parameter.zero_()
    return model


@pytest.mark.parametrize("name", ["PreNormBlock", "Encoder", "HalfWay", "AttentionBlock"])
def test_the_scale_of_the_input_is_lost(name: str) -> None:
    x = torch.randn(2, 5, 8)
    model = build(LOUD.text, name)
    assert torch.allclose(model(x), model(100 * x), atol=1e-3)


@pytest.mark.parametrize("name", ["PreNormBlock", "Encoder", "HalfWay", "AttentionBlock", "Mixed"])
def test_without_its_branches_the_block_is_a_norm_and_not_the_identity(name: str) -> None:
    x = 100 * torch.randn(2, 5, 8)
    out = without_branches(build(LOUD.text, name))(x)
    assert torch.allclose(out, torch.nn.functional.layer_norm(x, (8,)), atol=1e-3)


def test_a_pre_norm_block_without_its_branches_is_the_identity() -> None:
    x = 100 * torch.randn(2, 5, 8)
    assert torch.equal(without_branches(build(SILENT.text, "PreNormLayer"))(x), x)
