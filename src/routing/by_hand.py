"""A manager's hand: give a task to somebody, take it back, move it on.

The hand goes through the claim's own door: the same judgement, price, budget, lease and epoch. It may pass over what is a
preference; it never passes over a requirement or an invariant. Every move is audited with its reason.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.ids import plain_uuid
from kernel.settings import Settings
from kernel.sql import load
from routing import leases
from routing.assignments import AssignmentView
from routing.caps import CAPS
from routing.dispatch import place
from routing.eligibility import Failure
from routing.errors import NoSuchAssignment, NotEligible
from routing.events import Price, pricing
from routing.explain import PlaceExplained, explain, places_seen_by
from routing.heads import Head, head_of, price_query
from routing.moment import PREDICATES
from routing.presence import PresenceView, presence, presences
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)

PREFERENCES = {
    "preference": frozenset({"not_declined", "preferred"}),
    "ladder": frozenset[str](),
    "cap": CAPS,
}
"""What a manager may pass over, by name; the predicates of `explain` that each covers. Everything else is a requirement.

`ladder`: the requirement as a later step of the ladder leaves it, as if that step had come.
"""
MOST_PICKED = 50


class Candidate(msgspec.Struct, frozen=True):
    """Somebody whom a task may be given to, or why not."""

    annotator_id: UUID
    name: str
    vendor: str | None
    presence: str
    room: int
    eligible: bool
    failures: list[Failure]
    score: float


async def assign(
    task_id: UUID,
    annotator_id: UUID,
    settings: Settings,
    *,
    reason: str,
    override: Collection[str] = (),
    slot_id: UUID | None = None,
) -> AssignmentView:
    """The first free place of the task that this person may have, or the one that is named.

    Raises `NoSuchTask`, `NoSuchAnnotator`, `NotEligible` with every failure, `PlaceTaken`, `BudgetExhausted`.
    """  # fmt: skip
    db.require_transaction()
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    slot, step = await place_on_step(task_id, annotator_id, settings, override, slot_id)
    why = {"by_hand": {"reason": reason, "passed_over": sorted(override)}}
    view = await give(slot, profile, why, settings, step=step)
    await audit.record(
        "task.assigned", "task", task_id, reason=reason,
        after={"annotator_id": str(annotator_id), "assignment_id": str(view.id), "passed_over": sorted(override)},
    )  # fmt: skip
    await outbox.publish(
        "assignment.given",
        {"assignment_id": str(view.id), "task_id": str(task_id), "annotator_id": str(annotator_id), "kind": view.kind, "reason": reason},
        project_id=view.project_id, subject_id=task_id, vendor_id=profile.vendor_id,
    )  # fmt: skip
    return view


async def give(
    slot: Any, profile: Profile, why: dict[str, Any], settings: Settings, price: Price | None = None, *, step: int = 0
) -> AssignmentView:
    """The place, at the price given, or at the price of the first time for one's own rework, or at today's.

    `step`: of the ladder, above the one on which the lane stands, where a manager passes over its wait.
    """
    row: Any = await db.fetch_one(sql.lane_of_slot, slot_id=slot["id"])
    head = head_of(dict(row) | {"step": max(step, row["step"])})
    if head.relaxed:
        why |= {"ladder": {"step": head.step, "relaxed": head.relaxed}}
    price = price or await price_of(slot, head, profile, settings)
    return await place(
        profile, head, slot["id"], settings, price=price, why=why, counted=slot["reserved_for"] != profile.id
    )


async def price_of(slot: Any, head: Head, profile: Profile, settings: Settings) -> Price:
    """Of one free place for one person: rework of one's own keeps the price of the first time. Raises `ExchangeRateMissing`."""
    if slot["reserved_for"] == profile.id:
        last = await db.fetch_one(sql.last_price_inputs, slot_id=slot["id"])
        assert last is not None
        return Price(slot["carried_price_micros"], last["currency"], last["price_inputs"])
    seen = Views(profile, settings.skill_half_life_days).of(head.half_life_days)
    price = (await pricing().quote([price_query(seen, head, settings.skill_lower_bound_z)]))[0]
    price.require_rate()
    return price


async def take_back(assignment_id: UUID, settings: Settings, *, reason: str) -> None:
    """Back to the pool, with the draft kept. Raises `NoSuchAssignment`, `NotHeld`."""
    held = await _held(assignment_id)
    await leases.take_back(assignment_id, held["annotator_id"], settings, reason=reason)
    await audit.record(
        "assignment.taken_back", "assignment", assignment_id, before={"annotator_id": str(held["annotator_id"])}, reason=reason
    )  # fmt: skip


async def reassign(
    assignment_id: UUID, annotator_id: UUID, settings: Settings, *, reason: str, override: Collection[str] = ()
) -> AssignmentView:
    """Taken from one and given to another in one step, or not at all. Raises what `take_back` and `assign` raise."""
    held = await _held(assignment_id)
    for person in sorted({held["annotator_id"], annotator_id}, key=str):
        await db.fetch_one(sql.lock_holder, annotator_id=person)
    await take_back(assignment_id, settings, reason=reason)
    await db.execute(sql.end_reservation, slot_id=held["slot_id"])
    return await assign(
        held["task_id"], annotator_id, settings, reason=reason, override=override, slot_id=held["slot_id"]
    )


async def candidates(
    task_id: UUID, settings: Settings, *, q: str = "", limit: int = MOST_PICKED, moving: UUID | None = None
) -> list[Candidate]:
    """Whom it could be given to now, the best first; then the others, each with what keeps them. Raises `NoSuchTask`.

    With `moving`, an assignment, as if its place were free.
    """
    people = await db.fetch(sql.people_for_picking, q=q, limit=min(limit, MOST_PICKED))
    ids = [plain_uuid(row["id"]) for row in people]
    there, seen = await presences(ids, settings), await places_seen_by(task_id, ids, settings)
    place_of = await db.fetch_one(sql.place_of_assignment, assignment_id=moving)
    freed = None if place_of is None else (place_of["stage"], place_of["no"])
    found = []
    for one, row in zip(ids, people, strict=True):
        person = there[one]
        best = _best([_as_if_free(place) if (place.stage, place.no) == freed else place for place in seen.get(one, [])])
        failures = (
            [one for one in best.failures if one.predicate != "present"] if best else [_NOTHING_FREE]
        ) + _of_presence(person)
        found.append(
            Candidate(
                person.annotator_id, row["display_name"], row["vendor"], person.state, person.room, not failures, failures,
                best.score["total"] if best else 0.0,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (not one.eligible, len(one.failures), -one.score))


async def place_for(
    task_id: UUID, annotator_id: UUID, settings: Settings, override: Collection[str] = (), slot_id: UUID | None = None
) -> Any:
    """The first free place that they may have, or the one that is named. Raises `NotEligible` with every failure."""
    return (await place_on_step(task_id, annotator_id, settings, override, slot_id))[0]


async def place_on_step(
    task_id: UUID, annotator_id: UUID, settings: Settings, override: Collection[str] = (), slot_id: UUID | None = None
) -> tuple[Any, int]:
    """The same, with the step of the ladder on which they may have it; 0: the one on which the lane stands."""
    waived = frozenset[str]().union(*(PREFERENCES[name] for name in override))
    explained = {(one.stage, one.no): one for one in (await explain(task_id, annotator_id, settings)).places}
    own = _of_presence(await presence(annotator_id, settings))
    refused: list[Failure] = []
    for slot in await db.fetch(sql.free_places, task_id=task_id):
        if slot_id is not None and slot["id"] != slot_id:
            continue
        seen = explained[slot["stage"], slot["no"]]
        failures = [one for one in seen.failures if one.predicate not in waived | {"present"}]
        later = seen.ladder.step if seen.ladder is not None and "ladder" in override else 0
        if later:
            failures = [one for one in failures if one.predicate in PREDICATES]
        if not failures and not own:
            return slot, later
        refused = refused or failures
    failures = (refused or [_NOTHING_FREE] if not own else refused) + own
    raise NotEligible("; ".join(f"{one.predicate}: {one.mend}" for one in failures), failures=failures)


_NOTHING_FREE = Failure(
    "free", "a free place", "none", "wait until a place is free again, or take it back from its holder"
)


def _of_presence(person: PresenceView) -> list[Failure]:
    """Nothing is held for people who are not there."""
    found = []
    if person.state not in ("available", "busy"):
        found.append(
            Failure("present", "somebody who is there", person.state, "wait until they are available, or set their presence")
        )  # fmt: skip
    return found


def _as_if_free(place: PlaceExplained) -> PlaceExplained:
    failures = [one for one in place.failures if one.predicate not in ("free", "reserved")]
    return msgspec.structs.replace(place, state="free", failures=failures)


def _best(places: list[PlaceExplained]) -> PlaceExplained | None:
    free = [one for one in places if one.state == "free"]
    return min(free, key=lambda one: len(one.failures), default=None)


async def _held(assignment_id: UUID) -> Any:
    row = await db.fetch_one(sql.holder_of_live, assignment_id=assignment_id)
    if row is None:
        raise NoSuchAssignment
    return row
