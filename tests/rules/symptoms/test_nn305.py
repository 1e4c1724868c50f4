"""NN305 in torch: what is added is not the input, or the backward pass raises."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.residual_inplace_mutated import RULE
from tests.rules.harness import unmarked

FIRST, SECOND, THIRD = RULE.examples[:3]


def build(text: str | None, name: str, *arguments: object) -> torch.nn.Module:
    assert text is not None
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(unmarked(text), namespace)
    torch.manual_seed(0)
    return namespace[name](*arguments)


@pytest.mark.parametrize(
    ("example", "name", "shape"),
    [
        (FIRST, "PreActivation", (2, 4, 5, 5)),
        (SECOND, "Shared", (2, 4, 5, 5)),
        (SECOND, "Functional", (2, 4, 5, 5)),
        (SECOND, "Underscore", (3, 4)),
        (SECOND, "Encoded", (3, 4)),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_the_input_is_overwritten(example, name, shape) -> None:  # type: ignore[no-untyped-def]
    x = torch.randn(shape)
    broken, mended = build(example.text, name, 4), build(example.fixed_text, name, 4)
    given, left = x.clone(), x.clone()
    first, second = broken(given), mended(left)
    assert not torch.equal(given, x)
    assert torch.equal(left, x)
    assert not torch.allclose(first, second)


def test_the_identity_is_rectified() -> None:
    x = torch.randn(2, 4, 5, 5)
    for text, expected in ((FIRST.text, x.relu()), (FIRST.fixed_text, x)):
        model = build(text, "PreActivation", 4)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        assert torch.equal(model(x.clone()), expected)


def test_a_value_in_the_middle_is_overwritten() -> None:
    x = torch.randn(2, 4, 5, 5)
    broken, mended = build(THIRD.text, "Ordered", 4), build(THIRD.fixed_text, "Ordered", 4)
    middle = broken.get_submodule("conv")(x)
    branch = broken.get_submodule("out")(torch.nn.functional.leaky_relu(middle, 0.2))
    assert torch.allclose(broken(x), torch.nn.functional.leaky_relu(middle, 0.2) + branch)
    assert torch.allclose(mended(x), middle + branch)


@pytest.mark.parametrize(
    ("example", "name"),
    [(FIRST, "Untrainable"), (THIRD, "Sigmoid"), (THIRD, "Stream")],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_backward_raises(example, name) -> None:  # type: ignore[no-untyped-def]
    x = torch.randn(3, 4)
    broken, mended = build(example.text, name, 4), build(example.fixed_text, name, 4)
    assert torch.equal(broken(x.clone()), mended(x.clone()))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        broken(x.clone()).sum().backward()
    mended(x).sum().backward()


@pytest.mark.parametrize(
    ("number", "name", "shape"),
    [
        (3, "BasicBlock", (2, 4, 5, 5)),
        (3, "PreActivation", (2, 4, 5, 5)),
        (3, "Cloned", (2, 4, 5, 5)),
        (3, "Stream", (3, 4)),
        (4, "Gelu", (3, 4)),
        (4, "Gated", (3, 4)),
    ],
)
def test_silent_blocks_can_be_trained(number: int, name: str, shape: tuple[int, ...]) -> None:
    build(RULE.examples[number].text, name, 4)(torch.randn(shape)).sum().backward()
