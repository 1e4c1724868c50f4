"""NN410 in torch: models that are built with the default share its weights."""

from __future__ import annotations

import pytest

from nn_lint.rules.mutable_default_module import RULE

from .building import namespace

LOUD = RULE.examples[0]


@pytest.mark.parametrize("name", ["Net", "Deep"])
def test_two_models_share_the_default(name: str) -> None:
    broken, mended = namespace(LOUD.text)[name], namespace(LOUD.fixed_text)[name]
    assert next(broken().parameters()) is next(broken().parameters())
    assert next(mended().parameters()) is not next(mended().parameters())
