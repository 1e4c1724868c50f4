"""A drawing of time over size with logarithmic axes, as an SVG that loads nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 420, 60, 20, 200, 50
COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#ff7f0e")
Points = Sequence[tuple[float, float]]


def draw(lines: Mapping[str, Points]) -> str:
    """The picture: a line for each tool, through the points (megabytes, seconds)."""
    every = [point for points in lines.values() for point in points]
    across, up = (_decades([point[axis] for point in every]) for axis in (0, 1))
    parts = [*_frame(across, up)]
    for index, (name, points) in enumerate(lines.items()):
        places = [(_x(size, across), _y(seconds, up)) for size, seconds in sorted(points)]
        colour, end = COLOURS[index % len(COLOURS)], places[-1]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
        parts.append(f'<text x="{end[0] + 8:.1f}" y="{end[1] + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>'
    return "\n".join((head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *parts, "</svg>\n"))


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around some values."""
    return math.floor(math.log10(min(values))), max(
        math.ceil(math.log10(max(values))), math.floor(math.log10(min(values))) + 1
    )


def _x(size: float, across: tuple[int, int]) -> float:
    return LEFT + (math.log10(size) - across[0]) / (across[1] - across[0]) * (WIDTH - LEFT - RIGHT)


def _y(seconds: float, up: tuple[int, int]) -> float:
    return HEIGHT - BOTTOM - (math.log10(seconds) - up[0]) / (up[1] - up[0]) * (HEIGHT - TOP - BOTTOM)


def _frame(across: tuple[int, int], up: tuple[int, int]) -> Iterator[str]:
    """The axes, a line at each power of ten, and what they mean."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for power in range(across[0], across[1] + 1):
        x = _x(10.0**power, across)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{10.0**power:g}</text>'
    for power in range(up[0], up[1] + 1):
        y = _y(10.0**power, up)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    yield f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 10}" text-anchor="middle">megabytes of Python</text>'
    middle = (TOP + bottom) / 2
    yield f'<text x="16" y="{middle}" transform="rotate(-90 16 {middle})" text-anchor="middle">seconds</text>'
