"""Which piece rate meets a target per active hour, from the measured time of accepted work. It only tells: a person applies it, as a new version.

The time of a lane is the median (or the 75th percentile) of its works, without each person's first works of that kind, while they
learn. The base is the one by which all the lanes' works, with the factors that they were priced by, bring the target per hour:

    base = target / 3600 s × Σ works × time of the lane / Σ factors

Its interval is a bootstrap over people (their works are alike, so that works are not drawn one by one), seeded: the same works
give the same interval.
"""

import asyncio
import random
from collections.abc import Sequence
from statistics import quantiles
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import plain_uuid
from kernel.money import Money
from kernel.sql import load
from payments.errors import BadRateCard, NoSuchProject

sql = load(__package__)
DAYS = 90
MOST_WORKS = 4000
"""The newest of each kind of work; that many say it well enough, and are drawn from quickly."""
LEARNING = 10
"""First works of a person in the project, of each kind, that are left out."""
LEAST_WORKS = 20
DRAWS = 200
SEED = 20_261
LARGEST_HOURLY_MICROS = 10**10
HOUR = 3600


class Work(msgspec.Struct, frozen=True):
    lane_id: UUID
    annotator_id: UUID
    seconds: int
    factor: float
    """All factors that its price had."""
    paid_micros: int
    domain: str
    language: str
    difficulty_band: int


class LaneTime(msgspec.Struct, frozen=True, kw_only=True):
    domain: str
    language: str
    difficulty_band: int
    works: int
    median_seconds: int
    p75_seconds: int
    hourly: Money
    """What a typical hour brought: what was paid, over works at the median."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    base: Money
    low: Money
    """95 % interval."""
    high: Money
    cost: Money
    """Of the same works by this base and their factors, without minimum; it paid `Calibration.paid`."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    works: int
    left_out: int
    """First works of people, who were learning."""
    paid: Money
    median: Rate | None
    """None for fewer than 20 works."""
    p75: Rate | None
    """By which three works of four reach the target."""
    lanes: list[LaneTime]


def quartiles(seconds: Sequence[int]) -> tuple[float, float]:
    """Median and 75th percentile, as PostgreSQL's `percentile_cont`."""
    if len(seconds) == 1:
        return float(seconds[0]), float(seconds[0])
    _, middle, upper = quantiles(seconds, n=4, method="inclusive")
    return middle, upper


def bases(works: Sequence[Work], hourly_micros: int) -> tuple[float, float]:
    """Micros by the median and by the 75th percentile; 0 where every factor is 0."""
    by_lane: dict[UUID, list[int]] = {}
    for work in works:
        by_lane.setdefault(work.lane_id, []).append(work.seconds)
    factors = sum(work.factor for work in works)
    times = [(len(lane), *quartiles(lane)) for lane in by_lane.values()]
    if not factors:
        return 0.0, 0.0
    return (
        hourly_micros / HOUR * sum(count * middle for count, middle, _ in times) / factors,
        hourly_micros / HOUR * sum(count * upper for count, _, upper in times) / factors,
    )


def calibrate(kind: str, works: Sequence[Work], left_out: int, hourly: Money) -> Calibration:
    """Pure; the same works in the same order give the same figures."""
    currency, paid = hourly.currency, sum(work.paid_micros for work in works)
    rates: list[Rate | None] = [None, None]
    if len(works) >= LEAST_WORKS:
        people: dict[UUID, list[Work]] = {}
        for work in works:
            people.setdefault(work.annotator_id, []).append(work)
        dice, groups = random.Random(SEED), list(people.values())  # noqa: S311 - a seeded draw, nothing secret
        drawn = [
            bases([one for group in dice.choices(groups, k=len(groups)) for one in group], hourly.micros)
            for _ in range(DRAWS)
        ]
        factors = sum(work.factor for work in works)
        for n, base in enumerate(bases(works, hourly.micros)):
            ordered = sorted(draw[n] for draw in drawn)
            low, high = ordered[round(0.025 * (DRAWS - 1))], ordered[round(0.975 * (DRAWS - 1))]
            rates[n] = Rate(
                base=Money(round(base), currency), low=Money(round(low), currency), high=Money(round(high), currency),
                cost=Money(round(base * factors), currency),
            )  # fmt: skip
    return Calibration(
        kind=kind, works=len(works), left_out=left_out, paid=Money(paid, currency), median=rates[0], p75=rates[1], lanes=_lanes(works, currency)
    )  # fmt: skip


def _lanes(works: Sequence[Work], currency: str) -> list[LaneTime]:
    by_lane: dict[UUID, list[Work]] = {}
    for work in works:
        by_lane.setdefault(work.lane_id, []).append(work)
    told = []
    for lane in sorted(by_lane.values(), key=len, reverse=True):
        middle, upper = quartiles([one.seconds for one in lane])
        typical = round(sum(one.paid_micros for one in lane) * HOUR / (len(lane) * middle)) if middle else 0
        told.append(
            LaneTime(
                domain=lane[0].domain, language=lane[0].language, difficulty_band=lane[0].difficulty_band, works=len(lane),
                median_seconds=round(middle), p75_seconds=round(upper), hourly=Money(typical, currency),
            )
        )  # fmt: skip
    return told


async def calibration(project_id: UUID, hourly: Money) -> list[Calibration]:
    """For annotations and for reviews, over the work that was paid in the last 90 days. Raises `BadRateCard`, `NoSuchProject`."""
    currency = await db.fetch_value(sql.currency_of_project, project_id=project_id)
    if currency is None:
        raise NoSuchProject
    if hourly.currency != currency or not 0 < hourly.micros <= LARGEST_HOURLY_MICROS:
        raise BadRateCard(f"A target per hour is an amount in {currency}, above zero, at most 10,000.")
    told = []
    for kind in ("annotation", "review"):
        rows = await db.fetch(sql.timed_works, project_id=project_id, kind=kind, days=DAYS, limit=MOST_WORKS)
        works = [
            Work(
                plain_uuid(row["lane"]), plain_uuid(row["annotator_id"]), row["active_seconds"], float(row["factor"]), row["paid_micros"],
                row["domain"], row["language"], row["band"],
            )
            for row in rows if row["nth"] > LEARNING
        ]  # fmt: skip
        told.append(await asyncio.to_thread(calibrate, kind, works, len(rows) - len(works), hourly))
    return told
