"""NN307 in torch: the sizes do not match, or one channel is spread over many."""

from __future__ import annotations

import pytest
import torch

from nn_lint.rules.residual_shape_mismatch import RULE
from tests.rules.harness import unmarked

FIRST, SECOND, THIRD, GUARDED = RULE.examples[:4]


def build(text: str | None, name: str, *arguments: object) -> torch.nn.Module:
    assert text is not None
    namespace: dict[str, type[torch.nn.Module]] = {}
    exec(unmarked(text), namespace)
    return namespace[name](*arguments)


@pytest.mark.parametrize(
    ("example", "name", "arguments", "shape", "result"),
    [
        (FIRST, "Down", (4,), (2, 4, 8, 8), (2, 4, 4, 4)),
        (FIRST, "Block", (4, 6, 2), (2, 4, 8, 8), (2, 6, 4, 4)),
        (FIRST, "Net", (), (2, 64, 8, 8), (2, 128, 4, 4)),
        (SECOND, "Wider", (4,), (3, 4), (3, 8)),
        (THIRD, "Shrinking", (4,), (2, 4, 8, 8), None),
        (THIRD, "Pooled", (4,), (2, 4, 8, 8), None),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_the_sum_fails(example, name, arguments, shape, result) -> None:  # type: ignore[no-untyped-def]
    x = torch.randn(shape)
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        build(example.text, name, *arguments)(x)
    if result is not None:
        assert build(example.fixed_text, name, *arguments)(x).shape == result


def test_the_block_works_where_its_sizes_stay_as_before() -> None:
    x = torch.randn(2, 4, 8, 8)
    broken, mended = (build(text, "Block", 4, 4).eval() for text in (FIRST.text, FIRST.fixed_text))
    mended.load_state_dict(broken.state_dict())
    assert torch.equal(broken(x), mended(x))


def test_one_channel_is_spread_in_silence() -> None:
    x = torch.randn(2, 1, 8, 8)
    model = build(SECOND.text, "Grey")
    assert torch.allclose(model(x), (model.get_submodule("conv")(x) + x.expand(2, 16, 8, 8)).relu())


def test_guarded_blocks_run() -> None:
    assert build(GUARDED.text, "Net")(torch.randn(2, 8, 16, 16)).dim() == 4
