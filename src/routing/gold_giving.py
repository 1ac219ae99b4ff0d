"""Gold in the place of the work that somebody would be given now.

Whether the next task is gold is drawn when the one before is handed in, with a secret. At the claim the ordinary choice is made;
where its best is of a project in which gold is due, a copy of a gold that this person never saw stands in its place: in that
lane, at that price, and with everything that can be seen of the task that they would have been given. That one goes on waiting.
"""

import os
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec

from kernel import db
from kernel.ids import plain_uuid, uuid7
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load
from routing.assignments import AssignmentView
from routing.caps import caps_of
from routing.choice import BARRED, recent_of
from routing.dispatch import RUNNERS_UP, Claim, claim, place
from routing.eligibility import judge
from routing.events import BudgetExhausted, pricing
from routing.gold_scoring import alike, drawn
from routing.heads import KINDS, Candidate, Head, explain_choice, fresh_from, lane_heads, open_trait, price_query
from routing.hidden import HIDDEN
from routing.lanes import ANNOTATION
from routing.open_lots import Choice, lots_for
from routing.presence import admit
from routing.situation import Situation, situation
from routing.views import Views
from skills.profiles import Profile, load_profile

sql = load(__package__)
PURPOSE = "gold"
NAMES_TRIED = 20
RANDOM_OF_UUID7 = (1 << 74) - 1
"""The counter and the random bits: all but time, version and variant."""


async def falls_due(project_id: UUID, annotator_id: UUID, submission_id: UUID, settings: Settings) -> None:
    """After a hand-in, gold or not: whether the next task is gold. Where nobody asked for gold this is one short look."""
    row = await db.fetch_one(sql.gold_chance, project_id=project_id, annotator_id=annotator_id)
    if row is None:
        return
    usual = row["newcomer_share"] if row["done"] <= row["newcomer_tasks"] else row["share"]
    chance = usual if row["own_share"] is None else row["own_share"]
    if drawn(keyring(settings).derive(PURPOSE), "due", submission_id) < chance:
        await db.execute(sql.gold_falls_due, id=uuid7(), annotator_id=annotator_id, project_id=project_id)


async def due_of(annotator_id: UUID) -> set[UUID]:
    """The projects in which this person's next task is to be gold; whoever has one is served alone (`lock_holders`)."""
    return {plain_uuid(row["project"]) for row in await db.fetch(sql.gold_due_of, annotator_id=annotator_id)}


async def claim_hiding(
    annotator_id: UUID,
    settings: Settings,
    *,
    limit: int = 1,
    kinds: Sequence[str] = KINDS,
    project_ids: Sequence[UUID] | None = None,
) -> Claim:
    """`dispatch.claim`, with gold in the place of a task where it is due; in its form nothing tells.

    Raises `NoSuchAnnotator`.
    """
    db.require_transaction()
    given = []
    if ANNOTATION in kinds and limit > 0 and await due_of(annotator_id):
        view = await give_due(annotator_id, settings, kinds, project_ids)
        given = [] if view is None else [view]
    if len(given) >= limit:
        return Claim(given)
    rest = await claim(annotator_id, settings, limit=limit - len(given), kinds=kinds, project_ids=project_ids)
    return msgspec.structs.replace(rest, assignments=[*given, *rest.assignments])


async def give_due(
    annotator_id: UUID, settings: Settings, kinds: Sequence[str] = KINDS, project_ids: Sequence[UUID] | None = None
) -> AssignmentView | None:
    """None where nothing is due, or where the next task is one in whose place no gold could stand."""
    profile = await load_profile(annotator_id, settings.skill_half_life_days)
    holder = await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    assert holder is not None
    room = profile.state == "active" and holder["live"] < holder["capacity"]
    if not room or await admit(annotator_id, settings) is not None:
        return None
    ids = None if project_ids is None else list(project_ids)
    # What is kept for somebody comes before anything else, gold or not.
    if await db.fetch(sql.reserved_slots, annotator_id=annotator_id, kinds=list(kinds), project_ids=ids, limit=1):
        return None
    now, seen = await situation(), Views(profile, settings.skill_half_life_days)
    candidates = await _candidates(profile, seen, holder, now, settings, await lane_heads(kinds, ids))
    due = await due_of(annotator_id)
    lane = candidates[0].head.lane if candidates else None
    if lane is None or lane.kind != ANNOTATION or lane.project_id not in due:
        return None
    try:
        async with db.savepoint():
            return await _in_place_of(candidates, profile, seen, now, settings)
    except BudgetExhausted:
        return None


async def _candidates(  # noqa: PLR0917  one decision's ingredients
    profile: Profile, seen: Views, holder: Any, now: Situation, settings: Settings, heads: list[Head]
) -> list[Candidate]:
    """What `dispatch` would choose from, best first."""
    z, recent = settings.skill_lower_bound_z, recent_of(holder)
    caps = (await caps_of([profile.id], {head.lane.project_id for head in heads}))[profile.id]
    room = holder["capacity"] - holder["live"]
    traits = []
    for head in heads:
        view = seen.of(head.half_life_days)
        open_ = (
            head.cost <= room
            and not judge(view, head.lane, head.language_level, z)
            and not caps.failures(head.lane.project_id)
        )
        traits.append(fresh_from(open_trait(view, head, z, now), head, recent) if open_ else BARRED)
    choice = Choice(heads, traits, await lots_for(profile.id, heads, now))
    return choice.best(now, max(settings.lanes_per_claim, 1 + RUNNERS_UP))


async def _in_place_of(
    candidates: list[Candidate], profile: Profile, seen: Views, now: Situation, settings: Settings
) -> AssignmentView | None:
    best = candidates[0]
    head, project_id = best.head, best.head.lane.project_id
    twin = await db.fetch_one(
        sql.gold_twin, lane_id=head.id, from_rank=best.lot.from_rank, annotator_id=profile.id
    )  # fmt: skip
    if twin is None:
        return None
    rows = await db.fetch(
        sql.gold_for, project_id=project_id, annotator_id=profile.id,
        **{name: twin[name] for name in ("kind", "domain", "language", "band")},
    )  # fmt: skip
    if not rows:
        return None
    secret = keyring(settings).derive(PURPOSE)
    gold = min(rows, key=lambda row: (row["served"], drawn(secret, f"for {profile.id}", row["id"])))
    slot_id = await _copy(project_id, gold, twin, profile.id)
    query = price_query(seen.of(head.half_life_days), head, settings.skill_lower_bound_z)
    (price,) = await pricing().quote([query])
    why = explain_choice(best, candidates[1 : 1 + RUNNERS_UP], now)
    view = await place(profile, head, slot_id, settings, price=price, why=why, counted=True)
    await db.execute(sql.gold_is_served, annotator_id=profile.id, project_id=project_id)
    return view


async def _copy(project_id: UUID, gold: Any, twin: Any, annotator_id: UUID) -> UUID:
    slot_id = uuid4()
    tried = list(dict.fromkeys(alike(twin["external_id"], os.urandom(16)) for _ in range(NAMES_TRIED)))
    free = await db.fetch(sql.free_names, project_id=project_id, names=tried)
    name = free[0]["name"] if free else f"{twin['external_id'][:180]}-{os.urandom(4).hex()}"
    payload = {field: value for field, value in gold["payload"].items() if field not in HIDDEN}
    await db.execute(
        sql.copy_gold, id=born_with(plain_uuid(twin["id"])), slot_id=slot_id, serving_id=uuid7(), gold_id=gold["id"],
        twin_id=twin["id"], annotator_id=annotator_id, name=name, payload=db.jsonb(payload), rank=twin["rank"],
        freed_at=twin["freed_at"], waits_since=twin["waits_since"],
    )  # fmt: skip
    return slot_id


def born_with(twin: UUID) -> UUID:
    """An id that says the same time of birth, and is another: ids of version 7 begin with it."""
    random = int.from_bytes(os.urandom(10), "big") & RANDOM_OF_UUID7
    counter, tail = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=(twin.int >> 80 << 80) | (twin.version or 7) << 76 | counter << 64 | 0b10 << 62 | tail)
