"""NN304 in torch: the block's input is lost, or the block fails where its shapes change."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.residual_wrong_source import RULE
from tests.rules.harness import unmarked

FIRST, SECOND = RULE.examples[:2]


def build(text: str | None, name: str, *arguments: object) -> torch.nn.Module:
    assert text is not None
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(unmarked(text), namespace)
    torch.manual_seed(0)
    return namespace[name](*arguments)


def conv3x3(cin: int, cout: int) -> torch.nn.Module:
    return torch.nn.Conv2d(cin, cout, 3, padding=1)


def without_branch(model: torch.nn.Module, *kept: str) -> torch.nn.Module:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.split(".")[0] not in kept:
                parameter.zero_()
    return model.eval()


def test_a_shortcut_of_the_branch_loses_the_input() -> None:
    x = torch.randn(2, 4, 6, 6)
    broken = without_branch(build(FIRST.text, "Projected", 4, 4), "shortcut")
    mended = without_branch(build(FIRST.fixed_text, "Projected", 4, 4), "shortcut")
    assert torch.equal(broken(x), broken(2 * x))
    assert torch.allclose(mended(x), mended.get_submodule("shortcut")(x).relu())


def test_a_shortcut_of_the_branch_fails_where_shapes_change() -> None:
    x = torch.randn(2, 4, 6, 6)
    with pytest.raises(RuntimeError):
        build(FIRST.text, "Projected", 4, 8, 2)(x)
    assert build(FIRST.fixed_text, "Projected", 4, 8, 2)(x).shape == (2, 8, 3, 3)


def test_an_input_that_is_saved_late_doubles_the_branch() -> None:
    x = torch.randn(3, 5)
    broken, mended = build(FIRST.text, "Late", 5), build(FIRST.fixed_text, "Late", 5)
    assert torch.allclose(broken(x), (2 * broken.get_submodule("fc")(x)).relu())
    assert torch.allclose(mended(x), (x + mended.get_submodule("fc")(x)).relu())


def test_a_downsample_of_the_branch_fails_in_the_stage_that_needs_it() -> None:
    x = torch.randn(2, 4, 6, 6)
    downsample = torch.nn.Conv2d(4, 8, 1)
    with pytest.raises(RuntimeError):
        build(SECOND.text, "BasicBlock", conv3x3, 4, 8, downsample)(x)
    assert build(SECOND.fixed_text, "BasicBlock", conv3x3, 4, 8, downsample)(x).shape == (2, 8, 6, 6)
