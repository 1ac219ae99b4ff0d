"""Who gets what next. One transaction per claim: profile, lane heads, score, then one fenced UPDATE of a free slot.

The row lock on the holder makes one person's claims wait for each other; different people never wait. Whatever the
order of events, the constraints judge: one live assignment per slot, one place per person and task, live <= capacity.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import Sql, load
from routing.assignments import AssignmentView, named_assignments
from routing.caps import OPEN, Capped, Taken, caps_of
from routing.choice import BARRED, Recent, kept, recent_of, retry_after
from routing.eligibility import judge
from routing.errors import PlaceTaken
from routing.events import BudgetExhausted, ExchangeRateMissing, Hold, Price, pricing
from routing.heads import (
    KINDS,
    Candidate,
    Head,
    explain_choice,
    fresh_from,
    head_of,
    kept_why,
    lane_heads,
    open_trait,
    price_query,
)
from routing.open_lots import Choice, lots_for
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
    "grace": "What waits is kept for a few minutes for whoever's lease on it lapsed.",
}
"""What a claim says when tasks are there and the profile fits, and still none may be given to this person."""


KEPT_FOR_BETTER = (
    "What waits suits somebody better who is at work now; it is for everybody as soon as it has waited for a while."
)


class Claim(msgspec.Struct, frozen=True):
    assignments: list[AssignmentView]
    reason: str | None = None
    """Why there are fewer than asked for: `at_capacity`, `not_active`, `not_available`, `nothing_waiting`, `not_eligible`, `kept_for_better_fit`, `capped`, `budget_exhausted`, `exchange_rate_missing`."""
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
    """Up to `limit` assignments, what is kept for this person first (a lapsed lease, then rework); with a reason whenever there are fewer.

    Raises `NoSuchAnnotator`.
    """
    db.require_transaction()
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    holder = await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    assert holder is not None
    units = holder["capacity"] - holder["live"]
    room = min(limit, settings.claim_limit, units)
    if profile.state != "active":
        return Claim([], "not_active", profile.state_reason or f"This profile is {profile.state}.")
    absent = await admit(annotator_id, settings)
    if absent is not None:
        return Claim([], "not_available", NOT_AVAILABLE[absent])
    if room <= 0:
        return Claim(
            [], "at_capacity", f"{holder['live']} of {holder['capacity']} is in use; finish or release something first."
        )
    door = _Door(profile, settings, list(kinds), None if project_ids is None else list(project_ids))
    door.units, door.own_cap, door.recent = units, holder["cap_per_day"] is not None, recent_of(holder)
    given = await door.take(room)
    taken = [item.assignment_id for item in given]
    if taken:
        cost = sum(item.cost for item in given)
        await db.execute(sql.add_worked, annotator_id=annotator_id, difference=cost, lane_id=given[-1].lane_id)
    views = await named_assignments(taken) if taken else []
    views.sort(key=lambda view: taken.index(view.id))
    return Claim(views) if len(views) >= limit else await door.short(views)


async def place(
    profile: Profile, head: Head, slot_id: UUID, settings: Settings, *, price: Price, why: dict[str, Any], counted: bool
) -> AssignmentView:
    """A named slot for somebody who was judged already, under the lock of their row, through the claim's own steps.

    `counted`: against the caps of a day; not what comes back to them. The caps themselves were judged by `explain`.
    Raises `PlaceTaken`, `BudgetExhausted`.
    """
    db.require_transaction()
    door = _Door(profile, settings, [head.lane.kind], [head.lane.project_id])
    return (await named_assignments([await door.place(head, price, why, slot_id, counted=counted)]))[0]


class _Taken(Taken, frozen=True):
    assignment_id: UUID
    task_id: UUID
    price: Price
    cost: int
    lane_id: UUID


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
        self.units: int | None = None
        """Of capacity that are free; none: judged before."""
        self.too_big = 0
        """Units of the last task for which they did not suffice."""
        self.own_cap = False
        self.recent: Recent | None = None
        self.caps, self.capped = OPEN, Capped()
        self.prices: dict[UUID, Price] = {}
        """By lane."""
        self.without_rate: tuple[str, str] | None = None  # two currencies that no rate leads between
        self.affordable: dict[UUID, int] = {}
        """Projects whose budget covers only so many further tasks."""

    async def take(self, room: int) -> list[_Taken]:
        """Slots first, then their tasks in the order of ids, then the money: the order in which every writer locks.

        When a budget does not cover all, everything is undone and taken again without what is not covered.
        """
        self.situation = await situation()
        heads = await lane_heads(self.kinds, self.project_ids)
        if self.own_cap or any(head.capped for head in heads):
            await self._read_caps({head.lane.project_id for head in heads if head.capped})
        choice = await self._choice(heads)
        while True:
            try:
                async with db.savepoint():
                    taken = await self._reserved(room)
                    await self._best(room, choice.copy(), taken)
                    await settle({item.task_id for item in taken})
                    await self._pay_from_budgets(taken)
            except _Broke as broke:
                self.affordable[broke.project_id] = broke.affordable
            else:
                return taken

    async def _choice(self, heads: list[Head]) -> Choice:
        """What is open to the person now; with the reason and the time to ask again, where that is nothing."""
        self.refusals.clear()
        traits = []
        for head in heads:
            seen = self.views.of(head.half_life_days)
            failures = judge(seen, head.lane, head.language_level, self.settings.skill_lower_bound_z)
            if failures:
                self.refusals[failures[0].predicate] += 1
            traits.append(
                BARRED
                if failures or not self._allowed(head, ())
                else fresh_from(
                    open_trait(seen, head, self.settings.skill_lower_bound_z, self.situation), head, self.recent
                )
            )
        choice = Choice(heads, traits, await lots_for(self.profile.id, heads, self.situation))
        self.kept_for_seconds = None
        if not choice.best(self.situation, 1):
            lots = kept([one.p for one in traits], choice.lots)
            if lots:
                slas = [head.sla_seconds for head in heads]
                self.kept_for_seconds = retry_after(lots, slas, self.situation.policy)
        return choice

    async def _read_caps(self, project_ids: Collection[UUID]) -> None:
        self.caps = (await caps_of([self.profile.id], project_ids))[self.profile.id]

    def _allowed(self, head: Head, taken: Sequence[_Taken], *, back: bool = False) -> bool:
        """Whether capacity and caps leave room for one more after what was taken; caps never keep what comes back to somebody."""
        if self.units is not None and head.cost > self.units - sum(item.cost for item in taken):
            self.too_big = head.cost
            return False
        shut = [] if back else self.caps.failures(head.lane.project_id, taken)
        self.capped.note(self.caps, shut, head.lane.project_id)
        return not shut

    async def _price(self, head: Head) -> Price:
        if head.id not in self.prices:
            query = price_query(self.views.of(head.half_life_days), head, self.settings.skill_lower_bound_z)
            (self.prices[head.id],) = await pricing().quote([query])
        return self.prices[head.id]

    async def _reserved(self, room: int) -> list[_Taken]:
        """What is kept for this person, at the price of the first time: what they lost to a lease, then rework of their own."""
        taken: list[_Taken] = []
        rows = await db.fetch(
            sql.reserved_slots, annotator_id=self.profile.id, kinds=self.kinds, project_ids=self.project_ids, limit=room
        )
        for row in rows:
            lane: Any
            lane, rework = await db.fetch_one(sql.lane_of_slot, slot_id=row["id"]), row["kept_until"] is None
            head = head_of(lane)
            if not rework and lane["project_state"] != "published":
                continue
            seen, z = self.views.of(head.half_life_days), self.settings.skill_lower_bound_z
            if judge(seen, head.lane, head.language_level, z, own_rework=rework):
                continue
            last = await db.fetch_one(sql.last_price_inputs, slot_id=row["id"])
            assert last is not None
            price = Price(row["carried_price_micros"], last["currency"], last["price_inputs"])
            await self._slot(head, price, kept_why(last["state"], rework=rework), taken, slot_id=row["id"])
        return taken

    async def _best(self, room: int, choice: Choice, taken: list[_Taken]) -> None:
        """One after the other: whoever takes several gets what is best each time, after what the one before left of its lane."""
        while len(taken) < room:
            candidates = choice.best(self.situation, self.settings.lanes_per_claim)
            for n, candidate in enumerate(candidates):
                why = explain_choice(candidate, candidates[n + 1 : n + 1 + RUNNERS_UP], self.situation)
                if await self._take(candidate, why, taken):
                    break
                choice.drop(candidate.lot)
            else:
                return
            if len(taken) < room:
                choice.follow(candidate, await lane_heads(self.kinds, None, candidate.head.id), self.situation)

    async def _take(self, candidate: Candidate, why: dict[str, Any], taken: list[_Taken]) -> bool:
        head, one = candidate.head, candidate.lot
        price = await self._price(head)
        if price.without_rate:
            self.without_rate = price.without_rate
            return False
        if one.slot_id is None:
            return await self._slot(head, price, why, taken, from_rank=one.from_rank)
        return await self._slot(head, price, why, taken, slot_id=one.slot_id, statement=sql.claim_named)

    async def place(self, head: Head, price: Price, why: dict[str, Any], slot_id: UUID, *, counted: bool) -> UUID:
        """One slot that somebody named. Raises `PlaceTaken`, `BudgetExhausted`, after which nothing may stand."""
        taken: list[_Taken] = []
        if counted:
            await self._read_caps([head.lane.project_id])
        if not await self._slot(head, price, why, taken, slot_id=slot_id, statement=sql.claim_place):
            raise PlaceTaken
        await settle({item.task_id for item in taken})
        try:
            await self._pay_from_budgets(taken)
        except _Broke:
            raise BudgetExhausted from None
        await db.execute(sql.add_worked, annotator_id=self.profile.id, difference=head.cost, lane_id=head.id)
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
        named = statement is sql.claim_named
        if not self._allowed(head, taken, back=slot_id is not None and not named):
            return False
        assignment_id = uuid7()
        values: dict[str, Any] = {
            "annotator_id": self.profile.id, "vendor_id": self.profile.vendor_id, "assignment_id": assignment_id,
            "lease_seconds": float(head.lease_seconds), "deadline_seconds": float(head.deadline_seconds),
            "price_micros": price.micros, "currency": price.currency,
            "price_inputs": db.jsonb(price.inputs), "why": db.jsonb(why), "cost": head.cost,
        }  # fmt: skip
        counted = slot_id is None or named or statement is sql.claim_place
        if counted:
            values["project_day"], values["site_day"] = self.caps.days(project_id)
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
        taken.append(_Taken(project_id, counted, assignment_id, row["task"], price, head.cost, head.id))
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
        if self.affordable or self.without_rate:
            why = BudgetExhausted if self.affordable else ExchangeRateMissing
            pair = f" ({' to '.join(self.without_rate)})" if self.without_rate and not self.affordable else ""
            return Claim(views, why.code, f"{why.title}{pair}.", counts, RETRY_WHEN_EMPTY_SECONDS)
        if self.kept_for_seconds is not None and not views:
            return Claim(views, "kept_for_better_fit", KEPT_FOR_BETTER, counts, self.kept_for_seconds)
        if self.capped.failures:
            counts |= Counter(predicate for predicate, _ in self.capped.failures)
            return Claim(views, "capped", self.capped.detail, counts, self.capped.retry_after_seconds)
        if self.too_big:
            return Claim(
                views,
                "at_capacity",
                f"What waits takes {self.too_big} units of capacity at a time, more than are free.",
                counts,
            )
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
