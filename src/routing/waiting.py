"""What waits, as somebody sees it before they take any of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing.caps import caps_of
from routing.eligibility import Failure, judge
from routing.events import pricing
from routing.heads import KINDS, lane_heads, price_query
from routing.views import Views
from skills.profiles import load_profile

sql = load(__package__)


class LaneOffer(msgspec.Struct, frozen=True):
    """A lane in which something waits, as the annotator's queue shows it before the work."""

    project_name: str
    kind: str
    domain: str
    language: str
    difficulty_band: int
    min_level: int
    waiting: int
    price_micros: int
    currency: str
    eligible: bool
    failures: list[Failure]
    price_inputs: dict[str, Any] = {}


class KeptTask(msgspec.Struct, frozen=True):
    """A task whose lease lapsed a moment ago, as long as it is kept for its holder."""

    slot_id: UUID
    kind: str
    kept_until: datetime
    price_micros: int
    currency: str
    project_name: str
    task_id: UUID
    external_id: str
    domain: str
    language: str
    difficulty_level: int | None
    payload: dict[str, Any]
    price_inputs: dict[str, Any]


async def kept_for(annotator_id: UUID) -> list[KeptTask]:
    """The next claim takes these first, at the price of the hold that lapsed."""
    return await db.fetch_as(KeptTask, sql.kept_for, annotator_id=annotator_id)


async def what_waits(annotator_id: UUID, settings: Settings) -> list[LaneOffer]:
    """Every lane with free slots, with the price for this person and, where they may not take it, why."""
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    heads = await lane_heads(KINDS, None)
    caps = (await caps_of([annotator_id], {head.lane.project_id for head in heads if head.capped}))[annotator_id]
    z = settings.skill_lower_bound_z
    views = Views(profile, settings.skill_half_life_days)
    seen = [views.of(head.half_life_days) for head in heads]
    prices = await pricing().quote([price_query(own, head, z) for own, head in zip(seen, heads, strict=True)])
    counts = {
        row["lane"]: row["waiting"]
        for row in await db.fetch(sql.waiting_per_lane, lane_ids=[head.id for head in heads])
    }
    return [
        LaneOffer(
            head.project_name, head.lane.kind, head.lane.domain, head.lane.language, head.lane.difficulty_band, head.lane.min_level,
            counts.get(head.id, 0),
            price.micros, price.currency, not failures and not price.without_rate, failures, price.inputs,
        )
        for head, price, own in zip(heads, prices, seen, strict=True)
        for failures in (judge(own, head.lane, head.language_level, z) or caps.failures(head.lane.project_id),)
    ]  # fmt: skip
