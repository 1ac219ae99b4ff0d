"""Would this person get this task, and if not, why not: the decision's own functions, asked without deciding."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.settings import Settings
from kernel.sql import load
from routing.dispatch import KINDS, Head, head_of, lane_heads, plain_lane
from routing.eligibility import Failure, judge
from routing.estimating import TaskDifficulty, of_task
from routing.ladder import asked, seconds_until, steps_of
from routing.reports import task
from routing.scoring import score
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)


class Reach(msgspec.Struct, frozen=True):
    """The step of the ladder on which the person may take it."""

    stands_on: int
    step: int
    at: datetime | None
    """By waiting alone; none: only a longer queue leads there, or the project is paused."""
    relaxed: dict[str, Any]


class PlaceExplained(msgspec.Struct, frozen=True):
    """One slot of the task, seen by one person."""

    kind: str
    stage: int
    no: int
    state: str
    eligible: bool
    failures: list[Failure]
    score: dict[str, float]
    lanes_before: int
    ladder: Reach | None = None
    """When the ladder will reach this person; none: it will not, or is not needed."""
    """Eligible lanes whose head scores higher for this person now; 0 means it would be among the next."""


class Explanation(msgspec.Struct, frozen=True):
    task_id: UUID
    task_state: str
    annotator_id: UUID
    would_get: bool
    """Claimable by this person now."""
    places: list[PlaceExplained]
    difficulty: TaskDifficulty
    """Where it began, by which sources with which share, and where it is now."""


async def explain(task_id: UUID, annotator_id: UUID, settings: Settings) -> Explanation:
    """Raises `NoSuchTask`, `NoSuchAnnotator`."""
    row, profile = await task(task_id), await load_profile(annotator_id, settings.skill_half_life_days)
    z = settings.skill_lower_bound_z
    views = Views(profile, settings.skill_half_life_days)
    rivals = [
        score(seen, head.lane, head.waited_ms / 1000, head.sla_seconds).total
        for head in await lane_heads(KINDS, None)
        for seen in (views.of(head.half_life_days),)
        if not judge(seen, head.lane, head.language_level, z)
    ]
    slots = await db.fetch(sql.slots_of_task, task_id=task_id)
    declined = await db.fetch_value(
        "SELECT 1 FROM declined WHERE task = :task_id AND annotator = :annotator_id",
        task_id=task_id,
        annotator_id=annotator_id,
    )
    involved = any(slot["annotator_id"] == annotator_id for slot in slots)
    untouched = not any(slot["state"] in {"live", "done"} for slot in slots)
    expired = untouched and row.expires_at is not None and row.expires_at <= clock.now()
    places = [
        await _place(slot, views, rivals, z, involved=involved, declined=declined is not None, expired=expired)
        for slot in slots
    ]
    return Explanation(
        task_id, row.state, annotator_id, any(place.eligible and place.state == "free" for place in places), places,
        await of_task(task_id),
    )  # fmt: skip


async def _place(
    slot: Any, views: Views, rivals: list[float], z: float, *, involved: bool, declined: bool, expired: bool
) -> PlaceExplained:
    at = await db.fetch_one(sql.lane_of_slot, slot_id=slot["id"])
    head = head_of(at)
    profile = views.of(head.half_life_days)
    own_rework = slot["reserved_for"] == profile.id
    failures = judge(profile, head.lane, head.language_level, z, own_rework=own_rework)
    failures += _slot_failures(
        slot, profile, other_vendor=head.other_vendor, involved=involved, declined=declined, expired=expired
    )
    own = score(profile, head.lane, head.waited_ms / 1000, head.sla_seconds)
    reach = _reach(at, head, profile, z) if failures and not own_rework else None
    return PlaceExplained(
        slot["kind"], slot["stage"], slot["no"], slot["state"], not failures, failures,
        {name: round(value, 4) for name, value in msgspec.structs.asdict(own).items()}, sum(rival > own.total for rival in rivals), reach,
    )  # fmt: skip


def _reach(row: Any, head: Head, profile: Profile, z: float) -> Reach | None:
    """The first step above the one it stands on at which every predicate of the lane holds."""
    ladder, plain = steps_of(row["ladder"]), plain_lane(row)
    for step in range(row["step"] + 1, len(ladder) + 1):
        given = asked(plain, row["language_level"], ladder, step)
        if judge(profile, given.lane, given.language_level, z):
            continue
        waits = seconds_until(ladder, step, head.sla_seconds)
        at = None if waits is None else head.clock.add(row["rank"] / 1000, waits)
        return Reach(row["step"], step, None if at is None else datetime.fromtimestamp(at, UTC), given.relaxed)
    return None


def _slot_failures(
    slot: Any, profile: Profile, *, other_vendor: bool, involved: bool, declined: bool, expired: bool
) -> list[Failure]:
    """What the claim's WHERE clause asks of the slot itself."""
    found = []
    if slot["state"] != "free":
        found.append(Failure("free", "a free place", str(slot["state"]), "wait until it is free again"))
    if slot["author_id"] == profile.id:
        found.append(Failure("not_own_work", "somebody else's work", "own work", "nobody reviews their own work"))
    elif involved:
        found.append(
            Failure(
                "one_place_per_person", "no other place of this task", "holds or held one", "somebody else takes it"
            )
        )
    if slot["reserved_for"] is not None and slot["reserved_for"] != profile.id:
        found.append(
            Failure(
                "reserved",
                "its author, who was asked for rework",
                "another person",
                "wait until the author's time is over",
            )
        )
    if expired:
        found.append(Failure("expired", "a task whose time is not over", "expired", "give it more days"))
    if declined:
        found.append(
            Failure("not_declined", "a task that was not handed back", "declined before", "somebody else takes it")
        )
    if other_vendor and slot["author_vendor_id"] == profile.vendor_id:
        found.append(
            Failure(
                "other_vendor", "another vendor than the author's", "the same", "a reviewer of another vendor takes it"
            )
        )
    return found
