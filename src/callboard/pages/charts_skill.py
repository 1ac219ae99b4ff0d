"""The picture of a skill over time as numbers for an SVG whose width is the page's: places are percents of the box."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from skills.belief import sigmoid
from skills.history import Point
from skills.progress import floor_percent

LEVELS = tuple((level, floor_percent(level)) for level in (2, 3, 4, 5))
"""Where the levels begin on the scale from 0 to 100; level 1 begins at 0."""
MOST_TICKS = 5
Z = 1.96
"""Of the 95 % interval."""


class Mark(Struct, frozen=True):
    """Evidence, at its place on the line."""

    x: float
    y: float
    at: datetime
    percent: int
    kinds: list[str]


class Tick(Struct, frozen=True):
    x: float
    at: datetime
    anchor: str
    """Of the word under it: `start`, `middle` or `end`."""


class HistoryChart(Struct, frozen=True):
    """x runs from 0 to 100 over time, y from 0 (top) to 100."""

    line: str
    """Points of the mean."""
    band: str
    """Outline of the 95 % interval."""
    marks: list[Mark]
    ticks: list[Tick]
    rows: list[Point]
    """The same as a table: the points with evidence, and now; newest first."""
    now: Point


def history_chart(points: Sequence[Point]) -> HistoryChart | None:
    """None where there is nothing to draw."""
    if not points:
        return None
    first, last = points[0].at, points[-1].at
    span = max(last - first, timedelta(seconds=1))

    def x(moment: datetime) -> float:
        return round(100 * ((moment - first) / span), 2)

    def y(skill: float) -> float:
        return round(100 - 100 * sigmoid(skill), 2)

    def edge(sign: int) -> list[str]:
        return [f"{x(one.at)},{y(one.mean + sign * Z * math.sqrt(one.variance))}" for one in points]

    return HistoryChart(
        line=" ".join(f"{x(one.at)},{y(one.mean)}" for one in points),
        band=" ".join(edge(1) + edge(-1)[::-1]),
        marks=[Mark(x(one.at), y(one.mean), one.at, one.percent, one.kinds) for one in points if one.kinds],
        ticks=[
            Tick(
                round(100 * n / (MOST_TICKS - 1), 2),
                first + span * n / (MOST_TICKS - 1),
                "start" if n == 0 else "end" if n == MOST_TICKS - 1 else "middle",
            )
            for n in range(MOST_TICKS)
        ],
        rows=[point for point in reversed(points) if point.kinds or point is points[-1]],
        now=points[-1],
    )
