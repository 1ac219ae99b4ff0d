"""What another version of the plan of review would have done with the last works: how much it looks at, who could look, at what cost.

A replay draws nothing: each piece counts with the chance of its look, so that two versions differ by what they say and not by luck.
It knows of a piece what was found when somebody looked at it in truth, and of what nobody judged nothing; a stage that looks at a piece that
was sent back or rejected ends its way. An adaptive stage learns on its way from what it would have looked at.
One that looks by risk counts with its budget, evenly: what the risks were then is not known for other plans.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing import review_plans
from routing.eligibility import judge
from routing.fitting import counted
from routing.lanes import Lane, lane_of
from routing.projects import project
from routing.review_plans import Plan, Stage, share_looked_at
from routing.sampling import Promise, Seen, Tally, shares
from skills.profiles import Profile

sql = load(__package__)
MOST_PIECES, USUAL_PIECES = 2000, 500
EVERY = 25
"""Pieces after which an adaptive stage works its chances out anew."""
PASSING = ("accept", "fix")


class Piece(msgspec.Struct, frozen=True):
    """As it was handed in, oldest first."""

    author: UUID
    domain: str
    band: int
    round: int
    outcome: str | None
    """The worst that counts; none: nobody judged it."""


class StageReplay(msgspec.Struct, frozen=True):
    stage: int
    name: str
    looks: float
    """Expected, of the pieces."""
    people: int | None
    """Active people who could look at the works that are most in number; none: nothing was handed in."""
    cost_micros: int | None
    """By the mean price of the looks that were given; none: none was."""


class PlanReplay(msgspec.Struct, frozen=True):
    version: int
    share: float
    """Of the pieces: that any stage looks at."""
    looks: float
    defects_seen: float
    """Of the defects that were found: that a stage would have looked at."""
    cost_micros: int | None
    stages: list[StageReplay]


class PlanReplays(msgspec.Struct, frozen=True):
    pieces: int
    defects: int
    """That were found in them."""
    currency: str
    a: PlanReplay
    b: PlanReplay


class Replayed(msgspec.Struct):
    """Sums over the pieces."""

    looks: list[float]
    looked: float = 0.0
    defects_seen: float = 0.0


class _Adaptive:
    """One adaptive stage on its way through the pieces."""

    def __init__(self, promise: Promise, seen: dict[UUID, int]) -> None:
        self.promise, self.own = promise, dict(seen)
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.chances: dict[tuple[str, str], float] = {}
        self.passed = self.since = 0

    def chance(self, one: Piece) -> float:
        if self.own.get(one.author, 0) < self.promise.newcomers:
            return 1.0
        return max(self.promise.floor, self.chances.get(self._key(one), 1.0))

    def learn(self, one: Piece, chance: float, reached: float) -> None:
        key, known = self._key(one), one.outcome is not None
        old = self.tallies.get(key, Tally(0.0, 0.0, 0.0, 1.0))
        look, defect = reached * chance * known, known and one.outcome != "accept"
        self.tallies[key] = Tally(
            old.looks + look, old.defects + look * defect, old.skipped + reached * (1 - chance), old.coming + 1
        )
        self.own[one.author] = self.own.get(one.author, 0) + 1
        self.passed += not known or one.outcome in PASSING
        self.since += 1
        if self.since == EVERY:
            self.chances, self.since = shares(Seen(self.passed, {}), self.tallies, self.promise), 0

    @staticmethod
    def _key(one: Piece) -> tuple[str, str]:
        return str(one.author), f"{one.domain}|{one.band}"


def replayed(pieces: Sequence[Piece], stages: Sequence[Stage], seen: dict[UUID, int]) -> Replayed:
    """Pure. `seen`: pieces of each author before these. What comes back after rework is looked at for sure, at the first stage."""
    found = Replayed([0.0] * len(stages))
    adaptive = {n: _Adaptive(one.share.promise, seen) for n, one in enumerate(stages) if one.share.mode == "adaptive"}
    for one in pieces:
        reached, missed = 1.0, 1.0
        for n, stage in enumerate(stages):
            again = n == 0 and one.round > 1
            chance = 1.0 if again else adaptive[n].chance(one) if n in adaptive else share_looked_at(stage.share)
            found.looks[n] += reached * chance
            if n in adaptive and not again:
                adaptive[n].learn(one, chance, reached)
            missed *= 1 - chance
            if one.outcome is not None and one.outcome not in PASSING:
                reached *= 1 - chance
        found.looked += 1 - missed
        if one.outcome not in {None, "accept"}:
            found.defects_seen += 1 - missed
    return found


async def replay(project_id: UUID, a: int, b: int, settings: Settings, last: int = USUAL_PIECES) -> PlanReplays:
    """Two versions beside each other, over the last works of the project. Raises `NoSuchProject`, `NoSuchPlan`."""
    owner = await project(project_id)
    plans = [await review_plans.plan_of(project_id, owner.expert_level, version) for version in (a, b)]
    rows = list(reversed(await db.fetch(sql.pieces_to_replay, project_id=project_id, limit=min(last, MOST_PIECES))))
    pieces = [
        Piece(UUID(int=row["author"].int), row["domain"], row["band"], row["round"], row["outcome"]) for row in rows
    ]
    seen: dict[UUID, int] = {}
    if rows:
        authors = list({one.author for one in pieces})
        before = await db.fetch(
            sql.pieces_before, project_id=project_id, authors=authors, before=rows[0]["submitted_at"]
        )
        seen = {UUID(int=row["author"].int): row["pieces"] for row in before}
    looks, paid = sum(row["looks"] for row in rows), sum(row["micros"] for row in rows)
    mean = paid / looks if looks else None
    people = await _people(plans, rows, owner, settings)
    found = [
        _view(plan, replayed(pieces, plan.stages, seen), len(pieces), mean, people[n]) for n, plan in enumerate(plans)
    ]
    return PlanReplays(
        len(pieces), sum(one.outcome not in {None, "accept"} for one in pieces), owner.currency, found[0], found[1]
    )


def _view(plan: Plan, found: Replayed, pieces: int, mean: float | None, people: list[int | None]) -> PlanReplay:
    def cost(looks: float) -> int | None:
        return None if mean is None else round(looks * mean)

    return PlanReplay(
        plan.version, found.looked / pieces if pieces else 0.0, round(sum(found.looks), 1), round(found.defects_seen, 1),
        cost(sum(found.looks)),
        [
            StageReplay(n, stage.name, round(looks, 1), who, cost(looks))
            for n, (stage, looks, who) in enumerate(zip(plan.stages, found.looks, people, strict=True), 1)
        ],
    )  # fmt: skip


async def _people(plans: list[Plan], rows: Sequence[Any], owner: Any, settings: Settings) -> list[list[int | None]]:
    """Of each stage: how many could look at works of the lane that has most of them."""
    if not rows:
        return [[None] * len(plan.stages) for plan in plans]
    lanes = [row["lane_id"] for row in rows]
    most = max(set(lanes), key=lanes.count)
    row = await db.fetch_one(sql.lane_to_replay, lane_id=most)
    assert row is not None
    work = lane_of(row)
    asked: list[Lane] = [plan.lane(work, n) for plan in plans for n in range(1, len(plan.stages) + 1)]

    def fits(profile: Profile) -> list[bool]:
        return [not judge(profile, lane, owner.language_level, settings.skill_lower_bound_z) for lane in asked]

    counts, _, _ = await counted(fits, len(asked), owner, settings)
    cut = len(plans[0].stages)
    return [list(counts[:cut]), list(counts[cut:])]
