"""A plain chart of a few lines as SVG, both axes logarithmic: enough to see whether something grows with something."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 48, 56
COLOURS = ("#1b5e9b", "#b3541e", "#3f7d3a")


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured: a name, and points with positive coordinates, from left to right."""

    name: str
    points: tuple[tuple[float, float], ...]


def drawn(title: str, under: str, lines: tuple[Line, ...]) -> str:
    """Draw lines into one chart; ``under`` says what the horizontal axis counts."""
    across = [x for line in lines for x, _ in line.points]
    up = [y for line in lines for _, y in line.points]
    spans = _span(across), _span(up)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>',
        *_grid(spans),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(under)}</text>',
    ]
    for place, line in enumerate(lines):
        parts += _one(line, COLOURS[place % len(COLOURS)], place, spans)
    return "\n".join([*parts, "</svg>", ""])


Spans = tuple[tuple[float, float], tuple[float, float]]


def _span(values: list[float]) -> tuple[float, float]:
    """Give the whole powers of ten around some values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return float(low), float(max(high, low + 1))


def _at(x: float, y: float, spans: Spans) -> tuple[float, float]:
    (left, right), (low, high) = spans
    across = (math.log10(x) - left) / (right - left)
    up = (math.log10(y) - low) / (high - low)
    return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def _grid(spans: Spans) -> list[str]:
    found = []
    (left, right), (low, high) = spans
    for power in range(int(left), int(right) + 1):
        x, bottom = _at(10**power, 10**low, spans)
        found.append(f'<path d="M{x:.1f} {TOP}V{bottom:.1f}" stroke="#ddd"/>')
        found.append(f'<text x="{x:.1f}" y="{bottom + 20:.1f}" text-anchor="middle">{10**power:,}</text>')
    for power in range(int(low), int(high) + 1):
        x, y = _at(10**left, 10.0**power, spans)
        found.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        found.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} ×</text>')
    return found


def _one(line: Line, colour: str, place: int, spans: Spans) -> list[str]:
    points = [_at(x, y, spans) for x, y in line.points]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    found = [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for (x, y), (_, value) in zip(points, line.points, strict=True):
        found.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        found.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle" fill="{colour}">{value:.3g}</text>')
    name = f'<text x="{LEFT + 16}" y="{TOP + 18 + 18 * place}" fill="{colour}">{escape(line.name)}</text>'
    return [*found, name]
