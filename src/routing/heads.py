"""Heads of lanes: what a claim sees of a lane, by the project's clock and on the step of its ladder, and which suits somebody best.

One function decides for claims, alone or together, for offers and for explanations.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import clock, db
from kernel.sql import load
from routing.calendars import Clock, clock_of
from routing.choice import (
    BARRED,
    Lot,
    Recent,
    Trait,
    Waiting,
    columns,
    heads_of_row,
    inputs,
    known_of,
    lot,
    ranked,
    scored,
    trait,
)
from routing.eligibility import judge
from routing.events import PriceQuery
from routing.ladder import asked, steps_of
from routing.lanes import ANNOTATION, REVIEW, Lane, lane_of
from routing.scoring import Score
from routing.situation import Situation
from skills.profiles import Profile

sql = load(__package__)

KINDS = (ANNOTATION, REVIEW)
SAME, DIFFERENT = "same", "different"
"""Reviewer as before, or another one: what a project may ask for work of an author."""


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
    waiting: list[Waiting]
    """One or two places that may be given out next; how long they wait, by the project's clock: its calendar, without its pauses."""
    half_life_days: int | None
    """Of the project; None: the setting."""
    expert_level: int
    clock: Clock
    cost: int = 1
    """Units of a person's capacity that one task takes."""
    capped: bool = False
    """Whether the project caps what one person gets."""
    step: int = 0
    """Of the ladder, on which the lane stands; `lane` and `language_level` are as it leaves them."""
    relaxed: dict[str, Any] = {}
    stick_to_topic: bool = False
    """Whether the project prefers who worked on the lane's topic a moment ago."""
    stick_to_author: str | None = None
    """Whether a review should go to who judged the author last (`same`) or to somebody else (`different`)."""

    @property
    def waited_seconds(self) -> float:
        return self.waiting[0].waited_seconds


class Candidate(msgspec.Struct, frozen=True):
    head: Head
    lot: Lot
    trait: Trait


def kept_why(ended: str, *, rework: bool) -> dict[str, str]:
    """Why a place is kept for somebody, by how its last hold ended."""
    if rework:
        return {"reserved": "rework of your own"}
    return (
        {"second_look": "you sent it back"}
        if ended == "submitted"
        else {"grace": "your lease on it lapsed a moment ago"}
    )


async def lane_heads(
    kinds: Sequence[str], project_ids: Sequence[UUID] | None, lane_id: UUID | None = None
) -> list[Head]:
    """The lanes of published projects that have a free slot, or the one of this id; one index probe each."""
    ids = None if project_ids is None else list(project_ids)
    rows = await db.fetch(sql.lane_heads, kinds=list(kinds), project_ids=ids, lane_id=lane_id)
    return [head_of(row) for row in rows]


def head_of(row: Any) -> Head:
    asks = lane_of(row)
    runs = clock_of(row["calendar"], row["pauses"], row["paused_since"])
    given = asked(asks, row["language_level"], steps_of(row["ladder"]), row["step"])
    return Head(
        row["id"], given.lane, row["project_name"], given.language_level, row["review_other_vendor"] and asks.kind == REVIEW,
        row["sla_seconds"], row["lease_seconds"], row["deadline_seconds"], row["currency"],
        heads_of_row(row, runs, clock.now().timestamp()),
        row["skill_half_life_days"], row["expert_level"], runs, row["cost"], row["capped"], row["step"] if given.relaxed else 0, given.relaxed,
        row["stick_to_topic"], row["stick_to_author"],
    )  # fmt: skip


def price_query(profile: Profile, head: Head, z: float) -> PriceQuery:
    lane = head.lane
    expert = profile.is_expert(lane.domain, z, head.expert_level)
    return PriceQuery(
        lane.project_id, lane.kind, lane.difficulty_band, expert, lane.min_level, lane.language, profile.currency
    )


def trait_of(profile: Profile, head: Head, z: float, now: Situation) -> Trait:
    """What the person, as the lane's project sees them, and the lane make of each other; barred: `judge` says no."""
    if judge(profile, head.lane, head.language_level, z):
        return BARRED
    return open_trait(profile, head, z, now)


def open_trait(profile: Profile, head: Head, z: float, now: Situation) -> Trait:
    """The same, whatever `judge` says."""
    return trait(
        profile, head.lane, expert=profile.is_expert(head.lane.domain, z, head.expert_level),
        expert_pay=now.stock.expert_pay.get(str(head.id), 1.0), stock=now.stock, policy=now.policy,
    )  # fmt: skip


def fresh_from(what: Trait, head: Head, recent: Recent | None) -> Trait:
    """With what the person worked on last, where the project sticks to topics."""
    if recent is None or not head.stick_to_topic:
        return what
    return msgspec.structs.replace(what, topic_minutes=recent.since(head.lane))


def author_says(head: Head, judge_id: UUID | None, person: UUID) -> int:
    """1: the project wants this person for the review of this author; -1: somebody else; 0: it does not matter."""
    if head.stick_to_author is None or judge_id is None or judge_id != person:
        return 0
    return 1 if head.stick_to_author == SAME else -1


def lots_of(heads: Sequence[Head], now: Situation) -> list[Lot]:
    return [lot(n, str(head.id), head.sla_seconds, one, now) for n, head in enumerate(heads) for one in head.waiting]


def weigh(
    profile: Profile,
    head: Head,
    z: float,
    now: Situation,
    *,
    recent: Recent | None = None,
    judge_id: UUID | None = None,
) -> tuple[Score, bool]:
    """Of the lane's heads for this person, whatever `judge` says: the best score in its parts, and whether patience keeps it for others.

    `judge_id`: who judged the author of the place last, where one place is meant.
    """
    what, says = fresh_from(open_trait(profile, head, z, now), head, recent), author_says(head, judge_id, profile.id)
    lots = [one.by_author(says, now.policy) if says else one for one in lots_of([head], now)]
    free = ranked(known_of([what], now.policy), columns(lots), 1)
    return scored(lots[free[0][1] if free else 0], what, now.policy), not free


def choose(
    heads: Sequence[Head], traits: Sequence[Trait], now: Situation, most: int, lots: Sequence[Lot] | None = None
) -> list[Candidate]:
    """What the person should be given, best first; of these lots, where they are not those of the lanes' heads alone."""
    lots = lots_of(heads, now) if lots is None else lots
    best = [lots[n] for _, n in ranked(known_of(traits, now.policy), columns(lots), most)]
    return [Candidate(heads[one.place], one, traits[one.place]) for one in best]


def explain_choice(chosen: Candidate, others: Sequence[Candidate], now: Situation) -> dict[str, Any]:
    """What is kept with the assignment: the lane that won, its score in parts, the next best ones, and what they were weighed by."""
    stock, policy, head = now.stock, now.policy, chosen.head
    ladder = {"ladder": {"step": head.step, "relaxed": head.relaxed}} if head.relaxed else {}
    return {
        "lane": _lane_text(head.lane),
        "score": msgspec.to_builtins(scored(chosen.lot, chosen.trait, policy)),
        **ladder,
        "inputs": _inputs(chosen),
        "runners_up": [
            {
                "lane": _lane_text(other.head.lane),
                "score": round(scored(other.lot, other.trait, policy).total, 4),
                "inputs": _inputs(other),
            }
            for other in others
        ],
        "policy": now.policy_version,
        "backlog": round(stock.backlog, 3),
        "longest_queue_seconds": round(stock.longest_queue_seconds),
    }


def _inputs(one: Candidate) -> dict[str, Any]:
    return inputs(one.lot, one.trait, one.head.lane.difficulty_band, one.head.sla_seconds)


def _lane_text(lane: Lane) -> str:
    return f"{lane.kind} · {lane.domain} · {lane.language} · difficulty {lane.difficulty_band}"
