"""What a verdict taught, learned again: evidence, the task's difficulty, the reviewer's record.

A task's verdicts are a chain: each outcome is held against the difficulty that the earlier ones left. From the verdict
that changed on, the chain is gone through once more, in its order, with the outcomes that count now. All that it needs
is in the evidence: the difficulty before the first changed one, and what was believed of each author at that moment.
"""

from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from routing.outcomes import EVIDENCE_OUTCOME
from skills.belief import Belief, difficulty_updated
from skills.evidence import belief_before, correct, lock_people

sql = load(__package__)


class Relearned(msgspec.Struct, frozen=True):
    """What a second look changed."""

    evidence: int
    """Rows that were retracted and added anew."""
    people: int
    difficulty: Belief | None
    """Of the task now; None: it did not move."""


async def relearn(task_id: UUID, verdict_id: UUID, reason: str) -> Relearned:
    """After `overturn`, or a later stage, says what counts: from this verdict's work on. The task is locked.

    Of work that several stages looked at the first verdict carries what is learned of the author: the worst that counts.
    A reviewer was right where what they said is the worst that counts from their look on.
    """
    db.require_transaction()
    chain = await db.fetch(sql.verdicts_of_task, task_id=task_id)
    own = next(n for n, line in enumerate(chain) if line["id"] == verdict_id)
    work = chain[own]["submission_id"]
    looked_at = {line["id"] for line in chain[: own + 1] if line["submission_id"] == work}
    chain = chain[next(n for n, line in enumerate(chain) if line["submission_id"] == work) :]
    await lock_people({line[who] for line in chain for who in ("author_id", "reviewer_id")})
    again = _Again(reason)
    for line in chain:
        # Evidence that a manager retracted counts no more, for the difficulty neither.
        if line["evidence_id"] is not None:
            await again.author(line)
        if line["given_id"] is not None:
            await again.reviewer(line, decided=line["id"] in looked_at)
    moved = again.difficulty
    if moved is not None:
        await db.execute(sql.update_difficulty, task_id=task_id, mean=moved.mean, variance=moved.variance)
    return Relearned(again.rows, len(again.people), moved)


class _Again:
    """One way through the rest of the chain."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.difficulty: Belief | None = None
        """After the verdicts so far; None before the first."""
        self.rows = 0
        self.people: set[UUID] = set()

    async def author(self, line: Any) -> None:
        held = Belief(line["difficulty_mean"], line["difficulty_variance"])
        difficulty, outcome = self.difficulty or held, EVIDENCE_OUTCOME[line["outcome"]]
        evidence_id = line["evidence_id"]
        if (held, line["evidence_outcome"]) != (difficulty, outcome):
            evidence_id = await self._correct(evidence_id, line["author_id"], outcome, difficulty, line["weight"])
        self.difficulty = difficulty_updated(await belief_before(evidence_id), difficulty, outcome)

    async def reviewer(self, line: Any, *, decided: bool) -> None:
        """On the record only once somebody looked: right where what they said counts, wrong where it does not."""
        if not (decided or line["given_weight"] > 0):
            return
        # Held against the difficulty that the author's work was held against, before this verdict moved it.
        held = Belief(line["given_difficulty_mean"], line["given_difficulty_variance"])
        difficulty = await self._before(line) or held
        outcome = float(line["outcome"] == line["given"])
        if (held, line["given_outcome"], line["given_weight"]) != (difficulty, outcome, 1.0):
            await self._correct(line["given_id"], line["reviewer_id"], outcome, difficulty, 1.0)

    async def _before(self, line: Any) -> Belief | None:
        row = await db.fetch_one(
            sql.difficulty_of_verdict, submission_id=line["submission_id"], author_id=line["author_id"]
        )
        return None if row is None else Belief(row["difficulty_mean"], row["difficulty_variance"])

    async def _correct(
        self, evidence_id: UUID, annotator_id: UUID, outcome: float, difficulty: Belief, weight: float
    ) -> UUID:
        self.rows += 1
        self.people.add(annotator_id)
        return await correct(evidence_id, self.reason, outcome=outcome, difficulty=difficulty, weight=weight)
