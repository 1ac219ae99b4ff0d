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


class Part(Struct, frozen=True):
    y: float
    height: float
    kind: str


class Column(Struct, frozen=True):
    x: float
    width: float
    parts: list[Part]
    total: int


class Columns(Struct, frozen=True):
    """As `BarChart`, with several parts on top of each other in each bar."""

    width: int
    height: int
    top: int
    columns: list[Column]


def stacked(rows: list[dict[str, int]], width: int = 600, height: int = 120, gap: float = 4.0) -> Columns:
    """Of each row its parts, the first at the bottom; a row of nothing keeps a hairline."""
    top = max(4, *(sum(row.values()) for row in rows)) if rows else 4
    step = width / max(1, len(rows))
    columns = []
    for index, row in enumerate(rows):
        parts, base = [], float(height)
        for kind, value in row.items():
            tall = value / top * height
            base -= tall
            if value:
                parts.append(Part(round(base, 2), round(tall, 2), kind))
        total = sum(row.values())
        shown = parts or [Part(height - 1.0, 1.0, "zero")]
        columns.append(Column(round(index * step + gap / 2, 2), round(max(1.0, step - gap), 2), shown, total))
    return Columns(width, height, top, columns)
