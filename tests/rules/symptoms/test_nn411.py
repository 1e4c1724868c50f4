"""NN411 in torch: modules that hold each other never come to an end."""

from __future__ import annotations

import pytest

from nn_lint.rules.parent_reference import RULE

from .building import build

LOUD, SILENT = (example.text for example in RULE.examples[:2])


@pytest.mark.parametrize(("name", "arguments"), [("Parent", ()), ("Stack", (2,)), ("Linked", ()), ("Itself", ())])
def test_walking_the_tree_never_ends(name: str, arguments: tuple[int, ...]) -> None:
    model = build(LOUD, name, *arguments)
    for walk in (model.eval, lambda: model.to("cpu"), lambda: repr(model)):
        with pytest.raises(RecursionError):
            walk()


def test_a_hidden_parent_is_no_submodule() -> None:
    assert "parent" not in repr(build(SILENT, "Parent").eval())
