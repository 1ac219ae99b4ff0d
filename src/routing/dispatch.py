"""Who gets what next. One transaction per claim: profile, lane heads, score, then one fenced UPDATE of a free slot.

The row lock on the holder makes one person's claims wait for each other; different people never wait. Whatever the
order of events, the constraints judge: one live assignment per slot, one place per person and task, live <= capacity.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import Sql, load
from routing.assignments import AssignmentView, assignments
from routing.choice import BARRED, kept, retry_after
from routing.eligibility import Failure, judge
from routing.errors import PlaceTaken
from routing.events import BudgetExhausted, Hold, Price, pricing
from routing.heads import (
    KINDS,
    Candidate,
    Head,
    choose,
    explain_choice,
    head_of,
    lane_heads,
    lots_of,
    open_trait,
    price_query,
)
from routing.presence import NOT_AVAILABLE, admit
from routing.settling import settle
from routing.situation import UNKNOWN, situation
from routing.views import Views
from skills.profiles import Profile, Restriction, load_profile

sql = load(__package__)

RUNNERS_UP = 3
RETRY_WHEN_HELD_SECONDS, RETRY_WHEN_EMPTY_SECONDS = 10, 60

KEPT_FROM = {
    "paused": "The project is paused; its tasks wait until it goes on.",
    "own_place": "What waits is work that this person did, or another place of a task in which they have one.",
    "declined": "What waits was handed back by this person before.",
    "reserved": "What waits is kept for the author who was asked to mend it.",
}
"""What a claim says when tasks are there and the profile fits, and still none may be given to this person."""


KEPT_FOR_BETTER = (
    "What waits suits somebody better who is at work now; it is for everybody as soon as it has waited for a while."
)


class Claim(msgspec.Struct, frozen=True):
    assignments: list[AssignmentView]
    reason: str | None = None
    """Why there are fewer than asked for: `at_capacity`, `not_active`, `not_available`, `nothing_waiting`, `not_eligible`, `kept_for_better_fit`, `budget_exhausted`."""
    detail: str | None = None
    counts: dict[str, int] = {}
    """Lanes with free slots by what keeps this person from them."""
    retry_after_seconds: int | None = None


async def claim(
    annotator_id: UUID,
    settings: Settings,
    *,
    limit: int = 1,
    kinds: Sequence[str] = KINDS,
    project_ids: Sequence[UUID] | None = None,
) -> Claim:
    """Up to `limit` assignments, rework of one's own first; with a reason whenever there are fewer.

    Raises `NoSuchAnnotator`.
    """
    db.require_transaction()
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    holder = await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    assert holder is not None
    room = min(limit, settings.claim_limit, holder["capacity"] - holder["live"])
    if profile.state != "active":
        return Claim([], "not_active", profile.state_reason or f"This profile is {profile.state}.")
    absent = await admit(annotator_id)
    if absent is not None:
        return Claim([], "not_available", NOT_AVAILABLE[absent])
    if room <= 0:
        return Claim(
            [], "at_capacity", f"{holder['live']} of {holder['capacity']} tasks are held; finish or release one first."
        )
    door = _Door(profile, settings, list(kinds), None if project_ids is None else list(project_ids))
    taken = await door.take(room)
    if taken:
        await db.execute(sql.add_live, annotator_id=annotator_id, difference=len(taken))
    views = await assignments(ids=taken, limit=len(taken)) if taken else []
    views.sort(key=lambda view: taken.index(view.id))
    return Claim(views) if len(views) >= limit else await door.short(views)


async def place(
    profile: Profile, head: Head, slot_id: UUID, settings: Settings, *, price: Price, why: dict[str, Any]
) -> AssignmentView:
    """A named slot for somebody who was judged already, under the lock of their row, through the claim's own steps.

    Raises `PlaceTaken`, `BudgetExhausted`.
    """
    db.require_transaction()
    door = _Door(profile, settings, [head.lane.kind], [head.lane.project_id])
    return (await assignments(ids=[await door.place(head, price, why, slot_id)], limit=1))[0]


class _Taken(msgspec.Struct, frozen=True):
    assignment_id: UUID
    task_id: UUID
    project_id: UUID
    price: Price
    kind: str


class _Broke(Exception):  # noqa: N818  a signal inside this module, never seen outside
    def __init__(self, project_id: UUID, affordable: int) -> None:
        self.project_id = project_id
        self.affordable = affordable


class _Door:
    """One claim under way: what stands open to the person, and what stood in the way of more."""

    def __init__(self, profile: Profile, settings: Settings, kinds: list[str], project_ids: list[UUID] | None) -> None:
        self.profile = profile
        self.views = Views(profile, settings.skill_half_life_days)
        self.settings = settings
        self.kinds = kinds
        self.project_ids = project_ids
        self.refusals: Counter[str] = Counter()
        self.situation = UNKNOWN
        self.kept_for_seconds: int | None = None
        """Until patience ends with the first of what is kept for somebody who fits better, where that is all there is."""
        self.affordable: dict[UUID, int] = {}
        """Projects whose budget covers only so many further tasks."""

    async def take(self, room: int) -> list[UUID]:
        """Slots first, then their tasks in the order of ids, then the money: the order in which every writer locks.

        When a budget does not cover all, everything is undone and taken again without what is not covered.
        """
        self.situation = await situation()
        candidates = self._ranked(await lane_heads(self.kinds, self.project_ids))
        prices = await self._prices(candidates)
        while True:
            try:
                async with db.savepoint():
                    taken = await self._reserved(room)
                    await self._best(room, candidates, prices, taken)
                    await settle({item.task_id for item in taken})
                    await self._pay_from_budgets(taken)
                return [item.assignment_id for item in taken]
            except _Broke as broke:
                self.affordable[broke.project_id] = broke.affordable

    def _ranked(self, heads: list[Head]) -> list[Candidate]:
        self.refusals.clear()
        traits = []
        for head in heads:
            seen = self.views.of(head.half_life_days)
            failures = judge(seen, head.lane, head.language_level, self.settings.skill_lower_bound_z)
            if failures:
                self.refusals[failures[0].predicate] += 1
            traits.append(
                BARRED if failures else open_trait(seen, head, self.settings.skill_lower_bound_z, self.situation)
            )
        found = choose(heads, traits, self.situation, self.settings.lanes_per_claim)
        self.kept_for_seconds = None
        if not found:
            lots = kept([one.p for one in traits], lots_of(heads, self.situation))
            if lots:
                slas = [head.sla_seconds for head in heads]
                self.kept_for_seconds = retry_after(lots, slas, self.situation.policy)
        return found

    async def _prices(self, candidates: list[Candidate]) -> list[Price]:
        z = self.settings.skill_lower_bound_z
        heads = [candidate.head for candidate in candidates]
        return await pricing().quote([price_query(self.views.of(head.half_life_days), head, z) for head in heads])

    async def _reserved(self, room: int) -> list[_Taken]:
        """Rework of one's own, at the price of the first time."""
        taken: list[_Taken] = []
        rows = await db.fetch(
            sql.reserved_slots, annotator_id=self.profile.id, kinds=self.kinds, project_ids=self.project_ids, limit=room
        )
        for row in rows:
            head = head_of(await db.fetch_one(sql.lane_of_slot, slot_id=row["id"]))
            seen, z = self.views.of(head.half_life_days), self.settings.skill_lower_bound_z
            if judge(seen, head.lane, head.language_level, z, own_rework=True):
                continue
            last = await db.fetch_one(sql.last_price_inputs, slot_id=row["id"])
            assert last is not None
            price = Price(row["carried_price_micros"], last["currency"], last["price_inputs"])
            await self._slot(head, price, {"reserved": "rework of your own"}, taken, slot_id=row["id"])
        return taken

    async def _best(self, room: int, candidates: list[Candidate], prices: list[Price], taken: list[_Taken]) -> None:
        for n, candidate in enumerate(candidates):
            why = explain_choice(candidate, candidates[n + 1 : n + 1 + RUNNERS_UP], self.situation)
            start = candidate.lot.from_rank
            while len(taken) < room and await self._slot(candidate.head, prices[n], why, taken, from_rank=start):
                pass
            if len(taken) >= room:
                return

    async def place(self, head: Head, price: Price, why: dict[str, Any], slot_id: UUID) -> UUID:
        """One slot that somebody named. Raises `PlaceTaken`, `BudgetExhausted`, after which nothing may stand."""
        taken: list[_Taken] = []
        if not await self._slot(head, price, why, taken, slot_id=slot_id, statement=sql.claim_place):
            raise PlaceTaken
        await settle({item.task_id for item in taken})
        try:
            await self._pay_from_budgets(taken)
        except _Broke:
            raise BudgetExhausted from None
        await db.execute(sql.add_live, annotator_id=self.profile.id, difference=1)
        return taken[0].assignment_id

    async def _slot(
        self,
        head: Head,
        price: Price,
        why: dict[str, Any],
        taken: list[_Taken],
        *,
        slot_id: UUID | None = None,
        from_rank: int = 0,
        statement: Sql = sql.claim_reserved,
    ) -> bool:
        """One slot of this lane, or the one that is named; False when there is none left or the budget covers no more."""
        project_id = head.lane.project_id
        allowed = self.affordable.get(project_id)
        if allowed is not None and sum(item.project_id == project_id for item in taken) >= allowed:
            return False
        assignment_id = uuid7()
        values = {
            "annotator_id": self.profile.id, "vendor_id": self.profile.vendor_id, "assignment_id": assignment_id,
            "lease_seconds": float(head.lease_seconds), "deadline_seconds": float(head.deadline_seconds),
            "price_micros": price.micros, "currency": price.currency,
            "price_inputs": db.jsonb(price.inputs), "why": db.jsonb(why),
        }  # fmt: skip
        if slot_id is None:
            row = await db.fetch_one(
                sql.claim_slot, lane_id=head.id, other_vendor=head.other_vendor, from_rank=from_rank, **values
            )
        else:
            row = await db.fetch_one(statement, slot_id=slot_id, **values)
        if row is None:
            return False
        if head.relaxed:
            await note_relaxations([(assignment_id, row["task"], head)])
        taken.append(_Taken(assignment_id, row["task"], project_id, price, head.lane.kind))
        await outbox.publish(
            "assignment.claimed",
            {"assignment_id": str(assignment_id), "task_id": str(row["task"]), "annotator_id": str(self.profile.id), "kind": head.lane.kind,
             "slot_id": str(row["slot"]), "epoch": row["epoch"]},
            project_id=project_id, subject_id=row["task"], vendor_id=self.profile.vendor_id,
        )  # fmt: skip
        return True

    async def _pay_from_budgets(self, taken: list[_Taken]) -> None:
        covered: Counter[UUID] = Counter()
        for item in sorted(taken, key=lambda one: one.project_id):
            try:
                await pricing().reserve(
                    Hold(item.assignment_id, item.task_id, item.project_id, self.profile.id, item.price)
                )
            except BudgetExhausted:
                raise _Broke(item.project_id, covered[item.project_id]) from None
            covered[item.project_id] += 1

    async def short(self, views: list[AssignmentView]) -> Claim:
        counts = dict(self.refusals)
        if self.affordable:
            return Claim(
                views,
                "budget_exhausted",
                "The project's budget does not cover another task.",
                counts,
                RETRY_WHEN_EMPTY_SECONDS,
            )
        if self.kept_for_seconds is not None and not views:
            return Claim(views, "kept_for_better_fit", KEPT_FOR_BETTER, counts, self.kept_for_seconds)
        if self.refusals and not views:
            first = self.refusals.most_common(1)[0][0]
            detail = f"Tasks wait, but none that this profile may take (most often: {first})."
            if first == "standing":
                detail = " ".join((detail, *map(_restriction, self.profile.restrictions)))
            return Claim(views, "not_eligible", detail, counts, RETRY_WHEN_EMPTY_SECONDS)
        kept = await self._kept_from()
        detail = next(
            (KEPT_FROM[why] for why in kept),
            "Everything that fits is held by others." if views else "No task is waiting.",
        )
        return Claim(views, "nothing_waiting", detail, counts | kept, RETRY_WHEN_HELD_SECONDS)

    async def _kept_from(self) -> dict[str, int]:
        """Free tasks by what keeps this person from them although the lane is open, the most frequent first."""
        row = await db.fetch_one(
            sql.kept_from, annotator_id=self.profile.id, kinds=self.kinds, project_ids=self.project_ids
        )
        assert row is not None
        found = {why: row[why] for why in KEPT_FROM if row[why]}
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _restriction(one: Restriction) -> str:
    until = "" if one.ends_at is None else f" until {one.ends_at:%Y-%m-%d %H:%M} UTC"
    return f"{one.action} in {one.domain or 'every domain'}{until}: {one.reason_en}"


async def note_relaxations(given: Sequence[tuple[UUID, UUID, Head]]) -> None:
    """Assignment, task, and the head as it was relaxed."""
    await db.execute(
        sql.note_relaxations, assignments=[one for one, _, _ in given], tasks=[task for _, task, _ in given],
        steps=[head.step for _, _, head in given], relaxed=[db.jsonb(head.relaxed) for _, _, head in given],
    )  # fmt: skip


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


async def what_waits(annotator_id: UUID, settings: Settings) -> list[LaneOffer]:
    """Every lane with free slots, with the price for this person and, where they may not take it, why."""
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    heads = await lane_heads(KINDS, None)
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
            price.micros, price.currency, not failures, failures,
        )
        for head, price, own in zip(heads, prices, seen, strict=True)
        for failures in (judge(own, head.lane, head.language_level, z),)
    ]  # fmt: skip
