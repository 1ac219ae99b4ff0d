"""Evidence is written once and folded into the belief in the same transaction; the fold can be repeated at any time."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.ids import uuid7
from kernel.sql import load
from skills.belief import UNKNOWN, Belief, transferred, updated

sql = load(__package__)


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence: either an outcome against a difficulty, or a belief stated outright (an assessment)."""

    annotator_id: UUID
    domain: str
    kind: str
    source_type: str
    source_id: UUID
    outcome: float | None = None
    difficulty: Belief | None = None
    stated: Belief | None = None
    weight: float = 1.0


async def observe(observation: Observation) -> Belief:
    """The belief after this evidence. A second call with the same source changes nothing."""
    db.require_transaction()
    who = {"annotator_id": observation.annotator_id, "domain": observation.domain}
    row = await db.fetch_one(sql.lock_skill, **who)
    if row is None:
        start = await starting_belief(observation.annotator_id, observation.domain)
        row = await db.fetch_one(sql.begin_skill, **who, mean=start.mean, variance=start.variance)
    assert row is not None
    belief = Belief(row["mean"], row["variance"])
    difficulty, stated = observation.difficulty, observation.stated
    if stated is None and row["evidence_count"] == 0:
        # The starting point is written down as evidence too: general skill may change later, the fold must not.
        await _insert(
            msgspec.structs.replace(
                observation,
                kind="assessment",
                stated=belief,
                outcome=None,
                difficulty=None,
                source_type="prior",
                weight=1.0,
            )
        )
    if await _insert(observation) is None:
        return belief
    belief = step(belief, observation.outcome, difficulty, stated, observation.weight)
    await db.execute(sql.store_skill, **who, mean=belief.mean, variance=belief.variance)
    return belief


def step(
    belief: Belief, outcome: float | None, difficulty: Belief | None, stated: Belief | None, weight: float
) -> Belief:
    if stated is not None:
        return stated
    if outcome is None or difficulty is None:
        return belief
    return updated(belief, difficulty, outcome, weight)


async def starting_belief(annotator_id: UUID, domain: str) -> Belief:
    if domain == "general":
        return UNKNOWN
    row = await db.fetch_one(sql.general_skill, annotator_id=annotator_id)
    return UNKNOWN if row is None else transferred(Belief(row["mean"], row["variance"]))


async def _insert(observation: Observation) -> UUID | None:
    difficulty, stated = observation.difficulty, observation.stated
    return await db.fetch_value(  # type: ignore[no-any-return]
        sql.insert_evidence, id=uuid7(), annotator_id=observation.annotator_id, domain=observation.domain,
        kind=observation.kind, outcome=observation.outcome, weight=observation.weight,
        difficulty_mean=difficulty and difficulty.mean, difficulty_variance=difficulty and difficulty.variance,
        belief_mean=stated and stated.mean, belief_variance=stated and stated.variance,
        source_type=observation.source_type, source_id=observation.source_id,
    )  # fmt: skip


def fold(rows: Sequence[Any]) -> dict[tuple[UUID, str], Belief]:
    """Every belief from nothing but the evidence, in its order."""
    beliefs: dict[tuple[UUID, str], Belief] = {}
    for row in rows:
        key = (row["annotator_id"], row["domain"])
        difficulty = (
            None if row["difficulty_mean"] is None else Belief(row["difficulty_mean"], row["difficulty_variance"])
        )
        stated = None if row["belief_mean"] is None else Belief(row["belief_mean"], row["belief_variance"])
        beliefs[key] = step(beliefs.get(key, UNKNOWN), row["outcome"], difficulty, stated, row["weight"])
    return beliefs


async def differences() -> list[tuple[UUID, str]]:
    """Beliefs that are not the fold of their evidence; empty in a sound installation."""
    folded = fold(await db.fetch(sql.evidence_in_order))
    return [
        (row["annotator_id"], row["domain"])
        for row in await db.fetch(sql.skill_rows)
        if folded.get((row["annotator_id"], row["domain"])) != Belief(row["mean"], row["variance"])
    ]
