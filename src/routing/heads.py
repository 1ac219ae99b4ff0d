"""Heads of lanes: what a claim sees of a lane, by the project's clock and on the step of its ladder."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.sql import load
from routing.calendars import Clock, clock_of
from routing.events import PriceQuery
from routing.ladder import asked, steps_of
from routing.lanes import ANNOTATION, REVIEW, Lane, lane_of
from skills.profiles import Profile

sql = load(__package__)

KINDS = (ANNOTATION, REVIEW)


class Head(msgspec.Struct, frozen=True):
    """The head of a lane, as a claim sees it."""

    id: UUID
    lane: Lane
    project_name: str
    language_level: int
    other_vendor: bool
    sla_seconds: int
    lease_seconds: int
    deadline_seconds: int
    currency: str
    waited_ms: int
    """By the project's clock: its calendar, without its pauses."""
    half_life_days: int | None
    """Of the project; None: the setting."""
    expert_level: int
    clock: Clock
    step: int = 0
    """Of the ladder, on which the lane stands; `lane` and `language_level` are as it leaves them."""
    relaxed: dict[str, Any] = {}


def waited_seconds(clock_: Clock, rank: int, now: float) -> float:
    """How long the head of this rank has waited by the project's clock; below 0 where a due time is far away."""
    return clock_.seconds(rank / 1000, now)


async def lane_heads(kinds: Sequence[str], project_ids: Sequence[UUID] | None) -> list[Head]:
    """The lanes of published projects that have a free slot, one index probe each."""
    rows = await db.fetch(
        sql.lane_heads, kinds=list(kinds), project_ids=None if project_ids is None else list(project_ids)
    )
    return [head_of(row) for row in rows]


def head_of(row: Any) -> Head:
    asks = lane_of(row)
    runs = clock_of(row["calendar"], row["pauses"], row["paused_since"])
    given = asked(asks, row["language_level"], steps_of(row["ladder"]), row["step"])
    return Head(
        row["id"], given.lane, row["project_name"], given.language_level, row["review_other_vendor"] and asks.kind == REVIEW,
        row["sla_seconds"], row["lease_seconds"], row["deadline_seconds"], row["currency"],
        int(waited_seconds(runs, row["rank"], clock.now().timestamp()) * 1000),
        row["skill_half_life_days"], row["expert_level"], runs, row["step"] if given.relaxed else 0, given.relaxed,
    )  # fmt: skip


def price_query(profile: Profile, head: Head, z: float) -> PriceQuery:
    lane = head.lane
    expert = profile.is_expert(lane.domain, z, head.expert_level)
    return PriceQuery(lane.project_id, lane.kind, lane.difficulty_band, expert)
