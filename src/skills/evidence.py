"""Evidence is written once and folded into the belief in the same transaction; the fold can be repeated at any time.

Nothing is ever changed: a retraction is a row that names another, and the belief is folded again without it.
"""

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.sql import load
from skills.belief import UNKNOWN, Belief
from skills.errors import AlreadyRetracted, NoSuchEvidence, NotRetractable
from skills.folding import PRIOR, RETRACTION, TRANSFER, Held, Piece, belief_at, fold, held_of, piece_of, step
from skills.hierarchy import GENERAL, OF_KIND, Tree, node_of, parts_of

sql = load(__package__)
LEAST_COHORT = 5
"""People who must share a credential or an exam result before their mean is somebody's start."""
BY_KEY = ("gold", "answer")
"""Kind and source of evidence from a task whose right answer is known; the source is the submission."""
SAME_RESULT = 0.1
"""Shares of right exam items that differ by no more are the same result."""


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
    task_kind: str = ""
    """The kind of work that it was seen in; it stands for itself where that kind has a skill of its own."""

    @property
    def node(self) -> str:
        return node_of(self.domain, self.task_kind)


class Measured(msgspec.Struct, frozen=True):
    before: Belief
    """What the outcome was held against, at its moment."""
    after: Belief


class Difference(msgspec.Struct, frozen=True):
    """A belief that is not the fold of its evidence; None where there is a row on one side only."""

    annotator_id: UUID
    domain: str
    """Or a kind of work in it (`law/review`)."""
    stored: Held | None
    folded: Held | None


async def observe(observation: Observation) -> Belief:
    """The belief after this evidence. A second call with the same source changes nothing."""
    return (await measure(observation)).after


async def measure(observation: Observation) -> Measured:
    """`observe`, with the belief that the outcome was held against: exactly that of the fold, whatever the settings."""
    db.require_transaction()
    person = await _Person.locked(observation.annotator_id)
    observation = await _placed(observation)
    if observation.stated is None:
        await person.start(observation.node)
    known = person.held.copy()
    held = await person.take(observation)
    await changed(observation.annotator_id)
    after = held or person.held[observation.node]
    return Measured(belief_at(person.tree, known, observation.node, after.at), after.belief)


async def _placed(observation: Observation) -> Observation:
    """Under its kind of work only where that has a skill of its own by now; what is stored stays where it is."""
    if observation.task_kind and observation.task_kind not in await own_kinds():
        return msgspec.structs.replace(observation, task_kind="")
    return observation


async def own_kinds() -> set[str]:
    """Kinds of work that people are good at apart from how well they know the domain."""
    return {row["code"] for row in await db.fetch("SELECT code FROM task_kind WHERE own_skill")}


async def changed(annotator_id: UUID) -> None:
    """Evidence about this person came or went: what rests on it is judged after this transaction."""
    key = UUID(int=annotator_id.int)
    await outbox.enqueue("skills.judge_standing", {"annotator_id": str(key)}, key=f"standing:{key}")


async def observe_many(annotator_id: UUID, past: Sequence[tuple[datetime, Observation]]) -> int:
    """Evidence about one person with the times at which it was observed, in any order; how many pieces were new."""
    db.require_transaction()
    if not past:
        return 0
    person = await _Person.locked(annotator_id)
    placed = [(at, await _placed(observation)) for at, observation in past]
    before = min(at for at, _ in past) - timedelta(microseconds=1)
    for node in sorted({observation.node for _, observation in placed}):
        await person.start(node, before)
    new = 0
    for at, observation in placed:
        new += await insert(observation, observed_at=at) is not None
    await refold(annotator_id)
    await changed(annotator_id)
    return new


async def begin(annotator_id: UUID, domain: str) -> Belief | None:
    """Starts a domain without evidence from the mean of those with the same credentials; None: too few, or not blank."""
    db.require_transaction()
    person = await _Person.locked(annotator_id)
    await changed(annotator_id)
    cohort = None if domain in person.held else await _cohort(sql.credential_cohort, annotator_id, domain)
    return None if cohort is None else await person.state(domain, PRIOR, cohort)


async def begin_from_exam(annotator_id: UUID, domain: str, attempt_id: UUID) -> Belief | None:
    """After an exam: the domain starts anew from what those with the same result turned out to be.

    None: too few were seen at work yet, or this person was seen at work or assessed; that says more than a start.
    """
    db.require_transaction()
    person = await _Person.locked(annotator_id)
    if await db.fetch_value(sql.seen_beyond_exams, annotator_id=annotator_id, domain=domain):
        return None
    cohort = await exam_start(annotator_id, domain)
    if cohort is None:
        return None
    start = Observation(
        annotator_id=annotator_id, domain=domain, kind="exam_item", source_type=PRIOR, source_id=attempt_id,
        stated=cohort,
    )  # fmt: skip
    held = await person.take(start)
    await changed(annotator_id)
    return (held or person.held[domain]).belief


async def exam_start(annotator_id: UUID, domain: str) -> Belief | None:
    """What those with the same share of right answers turned out to be; None: fewer than `LEAST_COHORT`."""
    return await _cohort(sql.exam_cohort, annotator_id, domain, same=SAME_RESULT)


class _Person:
    """One person's rows, locked: evidence about a person is taken in one by one, whatever its domain."""

    def __init__(self, annotator_id: UUID, parents: dict[str, str | None], held: dict[str, Held]) -> None:
        self.id = annotator_id
        self.tree = Tree(parents)
        self.held = held

    @classmethod
    async def locked(cls, annotator_id: UUID) -> "_Person":
        await db.execute(sql.lock_person, annotator_id=annotator_id)
        rows = await db.fetch(sql.person_skills, annotator_id=annotator_id)
        return cls(annotator_id, await domain_parents(), {_node(row): held_of(row) for row in rows})

    async def start(self, node: str, at: datetime | None = None) -> None:
        """Writes down where everything on the way from the root starts, unless it did before."""
        for code in self.tree.path(node):
            if code in self.held:
                continue
            if OF_KIND in code:
                await self.state(code, TRANSFER, self.tree.edge(code), at)
                continue
            cohort = await _cohort(sql.credential_cohort, self.id, code)
            if cohort is not None:
                await self.state(code, PRIOR, cohort, at)
                continue
            crowd = await db.fetch_one(sql.crowd_of, domain=code)
            said = None if crowd is None else Belief(crowd["mean"], crowd["variance"])
            if code == GENERAL:
                await self.state(code, PRIOR, said or UNKNOWN, at)
            else:
                await self.state(code, TRANSFER, said or self.tree.edge(code), at)

    async def state(self, node: str, source_type: str, stated: Belief, at: datetime | None = None) -> Belief:
        domain, task_kind = parts_of(node)
        start = Observation(
            annotator_id=self.id, domain=domain, kind="assessment", source_type=source_type, source_id=uuid7(),
            stated=stated, task_kind=task_kind,
        )  # fmt: skip
        held = await self.take(start, at)
        assert held is not None, "its source is new"
        return held.belief

    async def take(self, observation: Observation, at: datetime | None = None) -> Held | None:
        """None when the source has spoken already."""
        observed_at = await insert(observation, observed_at=at)
        if observed_at is None:
            return None
        piece = Piece(
            observation.node, observation.source_type, observed_at, observation.outcome, observation.difficulty,
            observation.stated, observation.weight,
        )  # fmt: skip
        held = step(self.tree, self.held, piece)
        self.held[observation.node] = held
        await _store(self.id, observation.node, held)
        return held


async def _cohort(statement: Any, annotator_id: UUID, domain: str, **values: Any) -> Belief | None:
    row = await db.fetch_one(statement, annotator_id=annotator_id, domain=domain, **values)
    return None if row is None or row["people"] < LEAST_COHORT else Belief(row["mean"], row["variance"])


async def domain_parents() -> dict[str, str | None]:
    return {row["code"]: row["parent_code"] for row in await db.fetch("SELECT code, parent_code FROM domain")}


async def insert(
    observation: Observation, *, observed_at: datetime | None = None, revision: int = 0, evidence_id: UUID | None = None
) -> datetime | None:
    """The time under which the row stands, after all earlier ones unless it is given; None when it stands already."""
    difficulty, stated = observation.difficulty, observation.stated
    return await db.fetch_value(  # type: ignore[no-any-return]
        sql.insert_evidence, id=evidence_id or uuid7(), annotator_id=observation.annotator_id,
        domain=observation.domain, task_kind=observation.task_kind, kind=observation.kind, outcome=observation.outcome, weight=observation.weight,
        difficulty_mean=difficulty and difficulty.mean, difficulty_variance=difficulty and difficulty.variance,
        belief_mean=stated and stated.mean, belief_variance=stated and stated.variance,
        source_type=observation.source_type, source_id=observation.source_id, revision=revision,
        observed_at=observed_at,
    )  # fmt: skip


async def retract(evidence_id: UUID, reason: str) -> None:
    """The row counts no more, and every belief of the person ends where it would have been without it.

    Raises `NoSuchEvidence`, `AlreadyRetracted`, `NotRetractable`.
    """
    db.require_transaction()
    row = await _retracted(evidence_id, reason)
    await refold(row["annotator_id"])
    await changed(row["annotator_id"])
    if (row["kind"], row["source_type"]) == BY_KEY:  # what a reviewer said of the same work speaks for it now
        silent = await db.fetch(sql.verdicts_behind_key, annotator_id=row["annotator_id"], source_id=row["source_id"])
        for one in silent:
            await correct(one["id"], reason, outcome=one["outcome"], weight=1.0)


async def settled_by_key(annotator_id: UUID, source_id: UUID) -> bool:
    """Whether a known right answer has spoken about this work of this person already; a reviewer saw it, and adds nothing."""
    return bool(await db.fetch_value(sql.settled_by_key, annotator_id=annotator_id, source_id=source_id))


async def correct(
    evidence_id: UUID, reason: str, *, outcome: float, difficulty: Belief | None = None, weight: float | None = None
) -> UUID:
    """Retracts the row and adds another of the same source at the same time; what is not given stays. Its id."""
    db.require_transaction()
    row = await _retracted(evidence_id, reason)
    piece = piece_of(row)
    if piece.difficulty is None and difficulty is None:
        raise NotRetractable("An assessment is corrected by another assessment.")
    observation = Observation(
        annotator_id=row["annotator_id"], domain=row["domain"], task_kind=row["task_kind"], kind=row["kind"],
        source_type=piece.source_type,
        source_id=row["source_id"], outcome=outcome, difficulty=difficulty or piece.difficulty,
        weight=piece.weight if weight is None else weight,
    )  # fmt: skip
    new_id = uuid7()
    await insert(observation, observed_at=piece.observed_at, revision=row["revision"] + 1, evidence_id=new_id)
    await refold(observation.annotator_id)
    await changed(observation.annotator_id)
    return new_id


async def lock_people(annotator_ids: Iterable[UUID]) -> None:
    """Whoever corrects the evidence of several people locks them first, in the order of their ids."""
    for annotator_id in sorted(set(annotator_ids)):
        await db.execute(sql.lock_person, annotator_id=annotator_id)


async def belief_before(evidence_id: UUID) -> Belief:
    """What the outcome of this row was held against, by the evidence that counts now. Raises `NoSuchEvidence`."""
    row = await db.fetch_one(sql.evidence_by_id, evidence_id=evidence_id)
    if row is None:
        raise NoSuchEvidence
    earlier = itertools.takewhile(
        lambda one: one["id"] != evidence_id,
        await db.fetch(sql.evidence_of_person, annotator_id=row["annotator_id"]),
    )
    parents = await domain_parents()
    return belief_at(Tree(parents), fold(parents, map(piece_of, earlier)), _node(row), row["observed_at"])


async def restart(evidence_id: UUID, reason: str, stated: Belief | None) -> None:
    """A starting point from an exam whose result was not what it seemed: another at the same time, or none."""
    db.require_transaction()
    row = await _retracted(evidence_id, reason, starting_point=True)
    if stated is not None:
        again = Observation(
            annotator_id=row["annotator_id"], domain=row["domain"], task_kind=row["task_kind"], kind=row["kind"],
            source_type=PRIOR, source_id=row["source_id"], stated=stated,
        )  # fmt: skip
        await insert(again, observed_at=row["observed_at"], revision=row["revision"] + 1)
    await refold(row["annotator_id"])


async def _retracted(evidence_id: UUID, reason: str, *, starting_point: bool = False) -> Any:
    annotator_id = await db.fetch_value("SELECT annotator FROM evidence WHERE id = :id", id=evidence_id)
    if annotator_id is None:
        raise NoSuchEvidence
    await db.execute(sql.lock_person, annotator_id=annotator_id)
    row = await db.fetch_one(sql.evidence_by_id, evidence_id=evidence_id)
    assert row is not None, "evidence is append-only"
    if row["retracts"] is not None or (row["source_type"] in {PRIOR, TRANSFER}) != starting_point:
        raise NotRetractable("A retraction and a starting point stand; retract evidence that was observed.")
    if not await db.execute(sql.insert_retraction, id=uuid7(), evidence_id=evidence_id, reason=reason,
                            source_type=RETRACTION):  # fmt: skip
        raise AlreadyRetracted
    before = {"evidence_id": str(evidence_id), "domain": row["domain"], "kind": row["kind"], "outcome": row["outcome"]}
    await audit.record("evidence.retracted", "annotator", annotator_id, before=before, reason=reason)
    return row


async def refold(annotator_id: UUID) -> None:
    """Every belief of one person anew from the evidence that counts."""
    db.require_transaction()
    await db.execute(sql.lock_person, annotator_id=annotator_id)
    rows = await db.fetch(sql.evidence_of_person, annotator_id=annotator_id)
    held = fold(await domain_parents(), map(piece_of, rows))
    await db.execute(sql.forget_skills, annotator_id=annotator_id, nodes=sorted(held))
    for node in sorted(held):
        await _store(annotator_id, node, held[node])


def _node(row: Any) -> str:
    return node_of(row["domain"], row["task_kind"])


async def _store(annotator_id: UUID, node: str, held: Held) -> None:
    local = held.local
    domain, task_kind = parts_of(node)
    await db.execute(
        sql.store_skill, annotator_id=annotator_id, domain=domain, task_kind=task_kind, mean=held.belief.mean,
        variance=held.belief.variance, evidence_count=held.count, updated_at=held.at,
        own_precision=local.precision, own_shift=local.shift,
        anchor_mean=local.anchor and local.anchor.mean, anchor_variance=local.anchor and local.anchor.variance,
        edge_mean=local.edge and local.edge.mean, edge_variance=local.edge and local.edge.variance,
    )  # fmt: skip


async def compare() -> list[Difference]:
    """Beliefs that are not the fold of their evidence; empty in a sound installation."""
    parents = await domain_parents()
    stored = {(row["annotator_id"], _node(row)): held_of(row) for row in await db.fetch(sql.skill_rows)}
    folded: dict[tuple[UUID, str], Held] = {}
    rows = await db.fetch(sql.evidence_in_order)
    for annotator_id, own in itertools.groupby(rows, key=lambda row: row["annotator_id"]):
        for node, held in fold(parents, map(piece_of, own)).items():
            folded[annotator_id, node] = held
    return [
        Difference(key[0], key[1], stored.get(key), folded.get(key))
        for key in sorted(stored.keys() | folded.keys())
        if stored.get(key) != folded.get(key)
    ]


async def differences() -> list[tuple[UUID, str]]:
    return [(found.annotator_id, found.domain) for found in await compare()]
