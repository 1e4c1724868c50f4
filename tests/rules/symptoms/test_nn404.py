"""NN404 in torch: what is computed from a parameter is none."""

from __future__ import annotations

import torch

from nn_lint.rules.parameter_cast_away import RULE

from .building import build

CAST, COMPUTED = RULE.examples[:2]


def test_a_parameter_that_was_moved_is_not_registered() -> None:
    assert not list(build(CAST.text, "Bias", "meta").parameters())
    assert {name for name, _ in build(CAST.fixed_text, "Bias", "meta").named_parameters()} == {"b", "c", "d"}


def test_a_cast_with_nothing_to_do_gives_back_the_parameter() -> None:
    assert "b" in dict(build(CAST.text, "Bias", "cpu").named_parameters())


def test_the_cast_inside_keeps_the_type() -> None:
    mended = build(CAST.fixed_text, "Bias", "cpu")
    assert (mended.c.dtype, mended.d.dtype) == (torch.float64, torch.float16)


def test_what_is_computed_is_never_registered() -> None:
    assert not build(COMPUTED.text, "Scaled", 4).state_dict()
