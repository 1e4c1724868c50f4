"""Curves with their range as an SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 680, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 48, 46
INK, FAINT = "#24292f", "#d0d7de"


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: for each step the values of all runs."""

    name: str
    colour: str
    steps: Sequence[Sequence[float]]


def draw(title: str, across: str, up: str, curves: Sequence[Curve]) -> str:
    """The mean of each curve as a line, its lowest and highest run as a band; values lie between 0 and 1."""
    count = len(curves[0].steps)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 20, title, size=15),
        *grid(count),
        *(line for curve in curves for line in shape(curve)),
        *legend(curves),
        text(WIDTH / 2, HEIGHT - 10, across, anchor="middle"),
        f'<g transform="translate(14 {HEIGHT / 2}) rotate(-90)">{text(0, 0, up, anchor="middle")}</g>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13) -> str:
    """Words at a place."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}">{escape(words)}</text>'
    )


def place(step: float, value: float, count: int) -> tuple[float, float]:
    """Where a value of a step (from 1) lies in the picture."""
    x = LEFT + (step - 1) / max(1, count - 1) * (WIDTH - LEFT - RIGHT)
    return x, HEIGHT - BOTTOM - value * (HEIGHT - TOP - BOTTOM)


def grid(count: int) -> Iterator[str]:
    """Lines and numbers behind the curves."""
    for fifth in range(6):
        x, y = place(1, fifth / 5, count)
        yield f'<line x1="{x}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{FAINT}"/>'
        yield text(x - 8, y + 4, f"{fifth / 5:.1f}", anchor="end")
    for step in sorted({1, *range(5, count + 1, 5)}):
        yield text(place(step, 0, count)[0], HEIGHT - BOTTOM + 18, str(step), anchor="middle")


def shape(curve: Curve) -> Iterator[str]:
    """The band and the line of a curve."""
    count = len(curve.steps)
    lowest = [place(step, min(values), count) for step, values in enumerate(curve.steps, 1)]
    highest = [place(step, max(values), count) for step, values in enumerate(curve.steps, 1)]
    mean = [place(step, sum(values) / len(values), count) for step, values in enumerate(curve.steps, 1)]
    yield f'<polygon points="{points([*lowest, *reversed(highest)])}" fill="{curve.colour}" fill-opacity="0.18"/>'
    yield f'<polyline points="{points(mean)}" fill="none" stroke="{curve.colour}" stroke-width="2.5"/>'


def points(places: Sequence[tuple[float, float]]) -> str:
    """Places as SVG writes them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def legend(curves: Sequence[Curve]) -> Iterator[str]:
    """The names of the curves beside their colours."""
    for index, curve in enumerate(curves):
        x = LEFT + index * 210
        yield f'<rect x="{x}" y="30" width="18" height="5" fill="{curve.colour}"/>'
        yield text(x + 24, 37, curve.name)
