"""Colours: turns text into the same text with the escape codes of a terminal, or leaves it alone."""

from __future__ import annotations

from collections.abc import Callable

Paint = Callable[[str, str], str]


def painter(*, colour: bool) -> Paint:
    """A function of a text and a style of rich (`bold red`) that gives the painted text."""
    return _painted if colour else _plain


def _plain(text: str, style: str) -> str:
    return text


def _painted(text: str, style: str) -> str:
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)
