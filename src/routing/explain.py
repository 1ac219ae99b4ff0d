"""Would this person get this task, and if not, why not: the decision's own functions, asked without deciding."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing.choice import Known, ranked, scored
from routing.dispatch import KINDS
from routing.eligibility import Failure, judge
from routing.heads import choose, head_of, lane_heads, lots_of, open_trait, trait_of
from routing.reports import task
from routing.situation import Situation, situation
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)


class PlaceExplained(msgspec.Struct, frozen=True):
    """One slot of the task, seen by one person."""

    kind: str
    stage: int
    no: int
    state: str
    eligible: bool
    failures: list[Failure]
    score: dict[str, float]
    kept_for_better_fit: bool
    """Somebody on shift would do it so much better that it waits a little; not once patience is over."""
    lanes_before: int
    """Eligible lanes whose head scores higher for this person now; 0 means it would be among the next."""


class Explanation(msgspec.Struct, frozen=True):
    task_id: UUID
    task_state: str
    annotator_id: UUID
    would_get: bool
    """Claimable by this person now."""
    places: list[PlaceExplained]


async def explain(task_id: UUID, annotator_id: UUID, settings: Settings) -> Explanation:
    """Raises `NoSuchTask`, `NoSuchAnnotator`."""
    row, profile = await task(task_id), await load_profile(annotator_id, settings.skill_half_life_days)
    z = settings.skill_lower_bound_z
    views = Views(profile, settings.skill_half_life_days)
    now, heads = await situation(), await lane_heads(KINDS, None)
    traits = [trait_of(views.of(head.half_life_days), head, z, now) for head in heads]
    rivals = [scored(one.lot, one.trait, now.policy).total for one in choose(heads, traits, now, len(heads) * 2)]
    slots = await db.fetch(sql.slots_of_task, task_id=task_id)
    declined = await db.fetch_value(
        "SELECT 1 FROM declined WHERE task = :task_id AND annotator = :annotator_id",
        task_id=task_id,
        annotator_id=annotator_id,
    )
    involved = any(slot["annotator_id"] == annotator_id for slot in slots)
    seen = _Seen(views, rivals, z, now)
    places = [await _place(slot, seen, involved=involved, declined=declined is not None) for slot in slots]
    would_get = any(place.eligible and place.state == "free" and not place.kept_for_better_fit for place in places)
    return Explanation(task_id, row.state, annotator_id, would_get, places)


class _Seen(NamedTuple):
    views: Views
    rivals: list[float]
    """Scores of what else the person could be given."""
    z: float
    now: Situation


async def _place(slot: Any, seen: _Seen, *, involved: bool, declined: bool) -> PlaceExplained:
    head = head_of(await db.fetch_one(sql.lane_of_slot, slot_id=slot["id"]))
    profile, now = seen.views.of(head.half_life_days), seen.now
    own_rework = slot["reserved_for"] == profile.id
    failures = judge(profile, head.lane, head.language_level, seen.z, own_rework=own_rework)
    failures += _slot_failures(slot, profile, other_vendor=head.other_vendor, involved=involved, declined=declined)
    what, (its_lot,) = open_trait(profile, head, seen.z, now), lots_of([head], now)
    own = scored(its_lot, what, now.policy)
    kept = not own_rework and not ranked(Known([what.p], [what.pay], [what.reserve]), [its_lot], now.policy, 1)
    return PlaceExplained(
        slot["kind"], slot["stage"], slot["no"], slot["state"], not failures, failures,
        {name: round(value, 4) for name, value in msgspec.structs.asdict(own).items()}, kept,
        sum(rival > own.total for rival in seen.rivals),
    )  # fmt: skip


def _slot_failures(slot: Any, profile: Profile, *, other_vendor: bool, involved: bool, declined: bool) -> list[Failure]:
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
