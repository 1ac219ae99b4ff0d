"""Work that is offered: a place, a price and a time, to one or to several at once.

An offer holds nothing but the promise of its price: the place stays free, and who accepts first has it through the claim's
own steps; the others are rescinded in the same transaction. Whether an offer stands is decided by the database's clock when
it is read; the chore only writes it down. Locks: holder, slot, assignment, offers (by id), task, account.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import by_hand, presence
from routing.assignments import AssignmentView, assignment
from routing.caps import caps_of
from routing.choice import recent_of
from routing.eligibility import Failure, judge
from routing.errors import NotEligible, OfferOver, PlaceTaken
from routing.events import Price
from routing.heads import head_of, weigh
from routing.offer_book import OfferView, close, offer
from routing.situation import situation
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)
ASKED_PER_ROUND = 200
"""People whom one round of offers thinks of, whoever was heard of last first."""
OFFERED = Failure(
    "not_offered", "somebody who has no offer of this task, and declined none", "offered, or declined", "wait until the time that they named"
)  # fmt: skip


class Refused(msgspec.Struct, frozen=True):
    annotator_id: UUID
    failures: list[Failure]


class Made(msgspec.Struct, frozen=True):
    offers: list[OfferView]
    refused: list[Refused]
    """To whom it could not be offered, and why."""


async def make(task_id: UUID, annotator_ids: Sequence[UUID], settings: Settings, *, made_by: str) -> Made:
    """To all of them at once; who may not have it is left out, with the reasons. Raises `NoSuchTask`, `NoSuchAnnotator`."""
    db.require_transaction()
    people = sorted(set(annotator_ids), key=str)
    for person in people:  # a presence that changes meanwhile waits, and then closes what is made here
        await db.fetch_one(sql.lock_holder, annotator_id=person)
    await close("rescinded", over=True)
    batch, made, refused = uuid7(), [], []
    for person in people:
        try:
            made += await _offer(
                batch, task_id, await load_profile(person, settings.skill_half_life_days), settings, made_by
            )
        except NotEligible as error:
            refused.append(Refused(person, error.extra["failures"]))
    return Made([await offer(one) for one in made], refused)


async def _offer(batch: UUID, task_id: UUID, profile: Profile, settings: Settings, made_by: str) -> list[UUID]:
    slot = await by_hand.place_for(task_id, profile.id, settings)
    if await db.fetch_value(sql.offered_before, task_id=task_id, annotator_id=profile.id):
        raise NotEligible(OFFERED.mend, failures=[OFFERED])
    head = head_of(await db.fetch_one(sql.lane_of_slot, slot_id=slot["id"]))
    price = await by_hand.price_of(slot, head, profile, settings)
    row = await db.fetch_one(
        sql.insert_offer, id=uuid7(), batch=batch, slot_id=slot["id"], annotator_id=profile.id, price_micros=price.micros,
        currency=price.currency, price_inputs=db.jsonb(price.inputs), made_by=made_by, seconds=float(settings.offer_seconds),
    )  # fmt: skip
    if row is None:
        return []
    await outbox.publish(
        "offer.made",
        {"offer_id": str(row["id"]), "task_id": str(task_id), "annotator_id": str(profile.id), "kind": head.lane.kind,
         "price_micros": price.micros, "currency": price.currency, "expires_at": row["expires_at"].isoformat()},
        project_id=head.lane.project_id, subject_id=task_id, vendor_id=profile.vendor_id,
    )  # fmt: skip
    return [UUID(int=row["id"].int)]


async def accept(offer_id: UUID, annotator_id: UUID, settings: Settings) -> AssignmentView:
    """The place is theirs, at the price of the offer; a second time answers the same.

    Raises `NoSuchOffer`, `OfferOver`, `NotEligible`, `BudgetExhausted`.
    """
    db.require_transaction()
    await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    mine = await offer(offer_id, annotator_id)
    if mine.assignment_id is not None:
        return await assignment(mine.assignment_id)
    if mine.state != "open":
        raise OfferOver(state=mine.state)
    await presence.admit(annotator_id, settings)  # accepting is a sign of life; who is on a break is refused below
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    slot = await by_hand.place_for(mine.task_id, annotator_id, settings, slot_id=mine.slot_id)
    why = {"offer": {"id": str(offer_id), "offered_at": mine.offered_at.isoformat()}}
    try:
        view = await by_hand.give(
            slot, profile, why, settings, price=Price(mine.price_micros, mine.currency, mine.price_inputs)
        )
    except PlaceTaken:
        raise OfferOver(state="rescinded") from None
    if offer_id not in await close("rescinded", slot_id=mine.slot_id, accepted=(offer_id, view.id)):
        raise OfferOver(state="timed_out")
    return view


async def decline(
    offer_id: UUID, annotator_id: UUID, *, reason: str = "", not_before: datetime | None = None
) -> OfferView:
    """Not offered again before `not_before`, or never where none is named; pulling it stays open.

    Raises `NoSuchOffer`, `OfferOver`.
    """
    mine = await offer(offer_id, annotator_id)
    if mine.state == "open":
        await close("declined", offer_id=offer_id, reason=reason, not_before=not_before)
    now = await offer(offer_id, annotator_id)
    if now.state != "declined":
        raise OfferOver(state=now.state)
    return now


async def rescind(offer_id: UUID, *, reason: str) -> OfferView:
    """By whom it was made. Raises `NoSuchOffer`, `OfferOver`."""
    await offer(offer_id)
    await close("rescinded", offer_id=offer_id, reason=reason)
    now = await offer(offer_id)
    if now.state != "rescinded":
        raise OfferOver(state=now.state)
    return now


async def make_round(settings: Settings) -> int:
    """Closes what is over, then offers the first waiting places of projects that push; how many offers were made."""
    db.require_transaction()
    await close("rescinded", over=True)
    places = await db.fetch(sql.places_to_offer, limit=settings.offers_per_round)
    if not places:
        return 0
    rows = await db.fetch(sql.people_to_offer, limit=ASKED_PER_ROUND, idle_minutes=settings.presence_idle_minutes)
    here = {plain_uuid(row["id"]): row for row in rows}
    free = {one: await load_profile(one, settings.skill_half_life_days) for one in here}
    chosen = []
    for row in places:
        people = (await _ranked(row["slot_id"], free, here, settings))[: settings.offer_parallel]
        chosen.append((row["task_id"], people))
        for person in people:
            del free[person]
    for person in sorted((one for _, people in chosen for one in people), key=str):
        await db.fetch_one(sql.lock_holder, annotator_id=person)
    made = [await make(task_id, people, settings, made_by="system:offers") for task_id, people in chosen if people]
    return sum(len(one.offers) for one in made)


async def _ranked(slot_id: Any, people: dict[UUID, Profile], here: dict[UUID, Any], settings: Settings) -> list[UUID]:
    """Who may have it by their profile, room and caps, the best score first."""
    place: Any = await db.fetch_one(sql.lane_of_slot, slot_id=slot_id)
    head, now, z = head_of(place), await situation(), settings.skill_lower_bound_z
    caps = await caps_of(list(people), [head.lane.project_id])
    found = []
    for person, profile in people.items():
        if here[person]["room"] < head.cost or caps[person].failures(head.lane.project_id):
            continue
        seen = Views(profile, settings.skill_half_life_days).of(head.half_life_days)
        if not judge(seen, head.lane, head.language_level, z):
            score, _ = weigh(seen, head, z, now, recent=recent_of(here[person]), judge_id=place["judge_id"])
            found.append((score.total, person))
    return [person for _, person in sorted(found, key=lambda pair: -pair[0])]
