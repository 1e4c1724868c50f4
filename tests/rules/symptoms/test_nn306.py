"""NN306 in torch: with a branch that gives zeros, the block gives its input two times."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.residual_added_twice import RULE
from tests.rules.harness import unmarked


def build(text: str, name: str, *arguments: object) -> torch.nn.Module:
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(unmarked(text), namespace)
    torch.manual_seed(0)
    return namespace[name](*arguments).eval()


def without_branch(model: torch.nn.Module, *kept: str) -> torch.nn.Module:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.split(".")[0] not in kept:
                parameter.zero_()
    return model


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("InPlace", (4,), (3, 4)),
        ("Alias", (4,), (3, 4, 5, 5)),
        ("Helper", (4,), (3, 4)),
        ("BothWays", (4, True), (3, 4)),
        ("BothWays", (4, False), (3, 4)),
    ],
)
def test_the_input_counts_twice(name: str, arguments: tuple[object, ...], shape: tuple[int, ...]) -> None:
    x = torch.rand(shape)
    assert torch.allclose(without_branch(build(RULE.examples[0].text, name, *arguments))(x), 2 * x)


def test_the_projection_counts_twice() -> None:
    x = torch.rand(3, 4, 5, 5)
    model = without_branch(build(RULE.examples[0].text, "Projected", 4, 6), "shortcut")
    assert torch.allclose(model(x), (2 * model.get_submodule("shortcut")(x)).relu())


def test_the_branch_counts_twice() -> None:
    x = torch.rand(3, 2, 8)
    model = build(RULE.examples[0].text, "BranchTwice", 8)
    branch = model.get_submodule("attn")(x, x, x)[0]
    assert torch.allclose(model(x), model.get_submodule("norm")(x + 2 * branch), atol=1e-6)


def test_every_block_doubles_the_stream_that_its_caller_adds_again() -> None:
    x = torch.rand(3, 7, 4)
    assert torch.allclose(without_branch(build(RULE.examples[1].text, "Net", 4))(x), 2**7 * x)
