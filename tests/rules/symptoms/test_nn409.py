"""NN409 in torch: a name that is taken cannot be registered."""

from __future__ import annotations

import pytest

from nn_lint.rules.buffer_name_clash import RULE

from .building import build


@pytest.mark.parametrize("name", ["Masked", "Scaled", "Method", "Attribute"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match="already exists"):
        build(RULE.examples[0].text, name, 3)


def test_a_dot_is_refused() -> None:
    with pytest.raises(KeyError, match="contain"):
        build(RULE.examples[0].text, "Dotted", 3)


@pytest.mark.parametrize(
    ("name", "arguments"), [("Net", (3, True)), ("Net", (3, False)), ("Asks", (3,)), ("Deletes", (3,))]
)
def test_what_is_silent_is_built(name: str, arguments: tuple[object, ...]) -> None:
    build(RULE.examples[1].text, name, *arguments)
