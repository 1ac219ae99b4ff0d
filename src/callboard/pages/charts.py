"""Small charts as numbers for an SVG; no script draws them."""

import math

from msgspec import Struct


class Bar(Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    value: int


class BarChart(Struct, frozen=True):
    """Coordinates within a `width` × `height` box, y downwards. `top` is the value at the upper edge."""

    width: int
    height: int
    top: int
    bars: list[Bar]


def bar_chart(values: list[int], width: int = 600, height: int = 96, gap: float = 2.0) -> BarChart:
    """Zero keeps a hairline, so that a quiet hour looks quiet and not broken."""
    top = max(4, *values) if values else 4
    step = width / max(1, len(values))
    bars = [
        Bar(
            x=round(index * step, 2),
            y=round(height - max(1.0, value / top * height), 2),
            width=round(max(1.0, step - gap), 2),
            height=round(max(1.0, value / top * height), 2),
            value=value,
        )
        for index, value in enumerate(values)
    ]
    return BarChart(width, height, top, bars)


def heat(value: int, largest: int) -> int:
    """Step 0–6 of the tint behind a count; the square root lets small queues show beside a large one."""
    if value <= 0 or largest <= 0:
        return 0
    return max(1, min(6, round(6 * math.sqrt(value / largest))))
