"""Models out of the examples of rules, built in torch."""

from __future__ import annotations

import torch

from nn_lint.rules.rule import Rule
from tests.rules.harness import fix, unmarked


def namespace(text: str | None) -> dict[str, type[torch.nn.Module]]:
    """What a text defines; names of modules that are not there are taken out of it first."""
    assert text is not None
    lines = [line for line in unmarked(text).split("\n") if not line.startswith("from elsewhere")]
    found: dict[str, type[torch.nn.Module]] = {}
    exec("\n".join(lines), found)
    return found


def build(text: str | None, name: str, *arguments: object) -> torch.nn.Module:
    """An instance of a class of a text, with weights that are the same every time."""
    cls = namespace(text)[name]
    torch.manual_seed(0)
    return cls(*arguments)


def mended(rule: Rule, text: str) -> str:
    """A text after the fixes of one rule."""
    return fix(unmarked(text), codes=frozenset({rule.code})).content
