"""NN209 in torch: the result is the same, and hooks are skipped."""

from __future__ import annotations

import torch

from nn_lint.rules.direct_forward_call import RULE

from .models import build

LOUD = RULE.examples[0]


def test_hooks_are_skipped_and_the_result_is_the_same() -> None:
    x = torch.randn(2, 4)
    broken, mended = build(LOUD.text, "Net"), build(LOUD.fixed_text, "Net")
    assert torch.equal(broken(x), mended(x))
    for model, wanted in ((broken, 0), (mended, 1)):
        seen: list[int] = []
        model.get_submodule("block").register_forward_hook(lambda module, args, output, seen=seen: seen.append(1))
        model(x)
        assert len(seen) == wanted


def test_spectral_norm_leaves_the_weight_as_it_was() -> None:
    x = torch.randn(2, 4)
    for text, is_normed in ((LOUD.text, False), (LOUD.fixed_text, True)):
        model = build(text, "Block")
        torch.nn.utils.spectral_norm(model.get_submodule("fc"))
        before = vars(model.get_submodule("fc"))["weight"].detach().clone()
        model(x)
        after = vars(model.get_submodule("fc"))["weight"].detach()
        assert torch.equal(before, after) != is_normed
