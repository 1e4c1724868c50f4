"""Builds modules from the texts of examples."""

from __future__ import annotations

from typing import Any

import torch

from tests.rules.harness import unmarked


def namespace(text: str | None) -> dict[str, Any]:
    """What the text of an example defines."""
    assert text is not None
    found: dict[str, Any] = {"__name__": "example"}
    exec(unmarked(text), found)
    torch.manual_seed(0)
    return found


def build(text: str | None, name: str, *arguments: object) -> Any:
    """An instance of a class of an example."""
    return namespace(text)[name](*arguments)
