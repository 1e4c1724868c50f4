"""NN401 in torch: layers in a plain container compute, and are neither trained, nor switched, nor saved."""

from __future__ import annotations

import textwrap

import pytest
import torch

from nn_lint.rules.unregistered_container import RULE

from .building import build

LOUD = RULE.examples[0]


@pytest.mark.parametrize(("name", "arguments"), [("Mlp", (4, 2)), ("Grown", (4, 2)), ("Stack", (4,))])
def test_the_layers_are_no_parameters(name: str, arguments: tuple[int, ...]) -> None:
    broken, mended = build(LOUD.text, name, *arguments), build(LOUD.fixed_text, name, *arguments)
    assert not list(broken.parameters())
    assert not broken.state_dict()
    assert list(mended.parameters())
    assert mended.state_dict()


def test_the_layers_are_not_moved_and_not_switched_to_evaluation() -> None:
    broken = build(LOUD.text, "Mlp", 4, 2).eval().to("meta")
    assert broken.drops[0].training
    assert broken.layers[0].weight.device == torch.device("cpu")
    mended = build(LOUD.fixed_text, "Mlp", 4, 2).eval().to("meta")
    assert not mended.drops[0].training
    assert mended.layers[0].weight.is_meta


def test_both_compute_the_same() -> None:
    broken, mended = build(LOUD.text, "Mlp", 4, 2).eval(), build(LOUD.fixed_text, "Mlp", 4, 2)
    x = torch.randn(3, 4)
    assert broken(x, "a").shape == mended(x, "a").shape == (3, 1)


def test_what_is_left_without_a_fix_is_unregistered_too() -> None:
    tables = build(textwrap.dedent(RULE.examples[1].text), "Tables", 4, ["a"])
    assert not list(tables.parameters())
