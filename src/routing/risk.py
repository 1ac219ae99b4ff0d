"""Will what waits be done in time? A queue and its rate, said with the reason.

The model is the simplest that is honest: what waits is started at the rate at which work was handed in lately (the last
24 hours, open hours only, from the first claim on), oldest first, and nobody comes or goes. It knows neither how hard
the rest is nor who has a day off, and gives no figure where it has no rate.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.settings import Settings
from kernel.sql import load
from routing.calendars import Clock, clock_of

sql = load(__package__)
WINDOW_SECONDS = 86_400
LEAST_OPEN_SECONDS = 900
"""Of the window: a rate from less is an accident."""
SOON = 0.75
"""Share of the SLA from which the end of the queue counts as close to it."""
Level = Literal["low", "medium", "high"]
Reason = Literal[
    "nothing_waits", "paused", "sla_missed", "overdue", "sla_will_be_missed", "due_will_be_missed", "nobody_here", "no_rate", "sla_close", "on_track"
]  # fmt: skip


class Queue(msgspec.Struct, frozen=True):
    """What waits, as one number of facts. Moments are seconds since 1970."""

    waiting: int
    first_rank_ms: int | None
    last_rank_ms: int | None
    handed_in: int
    """In the window."""
    window_from: float | None
    """First claim in the window."""
    mean_seconds: float
    """From claim to hand-in."""
    people_here: int
    """Of those who worked on the project in the window."""
    sla_seconds: int
    earliest_due: float | None = None
    paused: bool = False


class Forecast(msgspec.Struct, frozen=True):
    risk: Level
    reason: Reason
    waiting: int
    per_hour: float | None
    """Handed in per open hour; none: too little to say."""
    people_here: int
    waited_seconds: int
    """Of the oldest, by the project's clock."""
    sla_share: float
    """Of the oldest: 1 is the SLA."""
    last_started_at: datetime | None
    last_finished_at: datetime | None
    earliest_due_at: datetime | None


class LaneRisk(msgspec.Struct, frozen=True):
    domain: str
    language: str
    difficulty_band: int
    step: int
    forecast: Forecast


class ProjectRisk(msgspec.Struct, frozen=True):
    project_id: UUID
    project_name: str
    forecast: Forecast
    lanes: list[LaneRisk]


def forecast(queue: Queue, runs: Clock, now: float) -> Forecast:
    """Pure; the worst that is known decides."""
    rate = _rate(queue, runs, now)
    started = finished = None
    if queue.waiting and rate and not queue.paused:
        started = runs.add(now, queue.waiting / rate)
        finished = None if started is None else runs.add(started, queue.mean_seconds)
    waited = 0.0 if queue.first_rank_ms is None else max(0.0, runs.seconds(queue.first_rank_ms / 1000, now))
    share = waited / queue.sla_seconds
    last = share
    if started is not None and queue.last_rank_ms is not None:
        last = max(share, runs.seconds(queue.last_rank_ms / 1000, started) / queue.sla_seconds)
    risk, reason = _judged(queue, _Known(now, share, started, finished, last))
    return Forecast(
        risk, reason, queue.waiting, None if rate is None else round(rate * 3600, 2), queue.people_here, int(waited),
        round(share, 3), _moment(started), _moment(finished), _moment(queue.earliest_due),
    )  # fmt: skip


def _rate(queue: Queue, runs: Clock, now: float) -> float | None:
    if not queue.handed_in or queue.window_from is None:
        return None
    return queue.handed_in / max(LEAST_OPEN_SECONDS, runs.seconds(queue.window_from, now))


class _Known(NamedTuple):
    now: float
    share: float
    """Of the SLA that the oldest has waited."""
    started: float | None
    finished: float | None
    last_share: float
    """Of the SLA that the last will have waited when it is started."""


def _judged(queue: Queue, known: _Known) -> tuple[Level, Reason]:
    """The first that holds."""
    due = queue.earliest_due
    rules: tuple[tuple[bool, Level, Reason], ...] = (
        (not queue.waiting, "low", "nothing_waits"),
        (due is not None and due <= known.now, "high", "overdue"),
        (known.share >= 1, "high", "sla_missed"),
        (queue.paused, "medium", "paused"),
        (known.started is None and not queue.people_here, "medium", "nobody_here"),
        (known.started is None, "medium", "no_rate"),
        (known.last_share > 1, "high", "sla_will_be_missed"),
        (due is not None and (known.finished is None or due < known.finished), "high", "due_will_be_missed"),
        (not queue.people_here, "medium", "nobody_here"),
        (known.last_share >= SOON, "medium", "sla_close"),
        (True, "low", "on_track"),
    )
    return next((level, reason) for holds, level, reason in rules if holds)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


async def risks(settings: Settings, project_id: UUID | None = None) -> list[ProjectRisk]:
    """Of published and paused projects, the riskiest first."""
    now = clock.now().timestamp()
    projects = await db.fetch(
        sql.risk_of_projects, project_id=project_id, window=WINDOW_SECONDS, idle_minutes=settings.presence_idle_minutes
    )
    lanes: dict[UUID, list[Any]] = {}
    for row in await db.fetch(sql.risk_of_lanes, project_id=project_id, window=WINDOW_SECONDS):
        lanes.setdefault(UUID(int=row["project_id"].int), []).append(row)
    found = [_project(row, lanes.get(UUID(int=row["id"].int), []), now) for row in projects]
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(found, key=lambda one: (order[one.forecast.risk], one.project_name))


def _project(row: Any, lanes: Sequence[Any], now: float) -> ProjectRisk:
    runs = clock_of(row["calendar"], row["pauses"], row["paused_since"])
    waiting = [lane for lane in lanes if lane["waiting"]]
    whole = Queue(
        sum(lane["waiting"] for lane in waiting), min((lane["first_rank"] for lane in waiting), default=None),
        max((lane["last_rank"] for lane in waiting), default=None), row["handed_in"], row["window_from"],
        row["mean_seconds"], row["people_here"], row["sla_seconds"], row["earliest_due"], row["paused_since"] is not None,
    )  # fmt: skip
    by_lane = [
        LaneRisk(
            lane["domain"], lane["language"], lane["difficulty_band"], lane["step"],
            forecast(
                Queue(
                    lane["waiting"], lane["first_rank"], lane["last_rank"], lane["handed_in"], row["window_from"],
                    row["mean_seconds"], row["people_here"], row["sla_seconds"], None, whole.paused,
                ),
                runs, now,
            ),
        )
        for lane in waiting
    ]  # fmt: skip
    return ProjectRisk(UUID(int=row["id"].int), row["name"], forecast(whole, runs, now), by_lane)
