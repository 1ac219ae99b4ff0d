"""The heads of lanes as claims see them, and which of them suits one person best: `choice`, with the lanes' own facts.

One function decides for claims, alone or together, and for explanations.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from routing.choice import BARRED, Known, Lot, Trait, Waiting, heads_of_row, inputs, lot, ranked, scored, trait
from routing.eligibility import judge
from routing.lanes import REVIEW, Lane
from routing.situation import Situation
from skills.profiles import Profile

sql = load(__package__)


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
    """One or two places that may be given out next."""
    half_life_days: int | None
    """Of the project; None: the setting."""
    expert_level: int


class Candidate(msgspec.Struct, frozen=True):
    head: Head
    lot: Lot
    trait: Trait


async def lane_heads(kinds: Sequence[str], project_ids: Sequence[UUID] | None) -> list[Head]:
    """The lanes of published projects that have a free slot, one index probe each."""
    rows = await db.fetch(
        sql.lane_heads, kinds=list(kinds), project_ids=None if project_ids is None else list(project_ids)
    )
    return [head_of(row) for row in rows]


def head_of(row: Any) -> Head:
    lane = Lane(
        row["project_id"], row["kind"], row["stage"], row["domain"], row["language"], row["difficulty_band"], row["min_level"],
        row["required_role"], row["required_credential"], row["task_kind"],
    )  # fmt: skip
    return Head(
        row["id"], lane, row["project_name"], row["language_level"], row["review_other_vendor"] and lane.kind == REVIEW,
        row["sla_seconds"], row["lease_seconds"], row["deadline_seconds"], row["currency"], heads_of_row(row),
        row["skill_half_life_days"], row["expert_level"],
    )  # fmt: skip


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


def lots_of(heads: Sequence[Head], now: Situation) -> list[Lot]:
    return [lot(n, str(head.id), head.sla_seconds, one, now) for n, head in enumerate(heads) for one in head.waiting]


def choose(heads: Sequence[Head], traits: Sequence[Trait], now: Situation, most: int) -> list[Candidate]:
    """What the person should be given, best first."""
    lots = lots_of(heads, now)
    known = Known([one.p for one in traits], [one.pay for one in traits], [one.reserve for one in traits])
    best = [lots[n] for _, n in ranked(known, lots, now.policy, most)]
    return [Candidate(heads[one.place], one, traits[one.place]) for one in best]


def explain_choice(chosen: Candidate, others: Sequence[Candidate], now: Situation) -> dict[str, Any]:
    """What is kept with the assignment: the lane that won, its score in parts, the next best ones, and what they were weighed by."""
    stock, policy = now.stock, now.policy
    return {
        "lane": _lane_text(chosen.head.lane),
        "score": msgspec.to_builtins(scored(chosen.lot, chosen.trait, policy)),
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
