"""NN510 in torch: the second backward pass raises."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.stateful_graph import RULE

from .building import build

LOUD, SILENT = RULE.examples[:2]


@pytest.mark.parametrize(
    ("name", "shape"),
    [("Recurrent", (1, 4, 2)), ("Cell", (1, 2)), ("Named", (1, 2)), ("Average", (3, 2)), ("Long", (4, 1, 2))],
)
def test_the_second_backward_raises(name: str, shape: tuple[int, ...]) -> None:
    model = build(LOUD.text, name)
    model(torch.randn(shape)).sum().backward()
    found = model(torch.randn(shape)).sum()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        found.backward()


def test_a_detached_state_can_be_trained() -> None:
    model = build(SILENT.text, "Detached")
    for _ in range(2):
        model(torch.randn(4, 1, 2)).sum().backward()
