"""An author's word against a verdict. A different person, no less able than the reviewer, decides by a date.

The decision is a second look (`routing.overturn`): an overturn restores pay, belief and standing to what the right verdict
would have left, and stands on the reviewer's record. A second look by any other door decides the dispute, too.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing import overturn
from routing.errors import (
    DisputeLate,
    DisputeMade,
    DisputeOver,
    LessQualified,
    NoSuchDispute,
    NoSuchVerdict,
    WrongState,
)
from routing.overturn import OverturnDraft, Overturned
from routing.review import Reason
from skills.profiles import load_profile

sql = load(__package__)
JOB = "routing.overdue_disputes"
Text = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]


class DisputeDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text
    """What the verdict overlooks; whoever decides reads it, and the reviewer."""


class DisputeDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Literal["overturn", "uphold"]
    """`overturn`: the work counts after all."""
    reason: Text
    """Both people read it."""


class DisputeView(msgspec.Struct, frozen=True):
    id: UUID
    verdict_id: UUID
    task_id: UUID
    project_id: UUID
    project_name: str
    title: str
    domain: str
    outcome: str
    """What the reviewer said."""
    reasons: list[Reason]
    comment: str
    reason: str
    state: str
    opened_at: datetime
    due_at: datetime
    overdue: bool
    decided_at: datetime | None
    decision: str


class VerdictOnMine(msgspec.Struct, frozen=True):
    """A verdict on the author's own work, without the reviewer."""

    verdict_id: UUID
    assignment_id: UUID
    title: str
    project_name: str
    round: int
    stage: int
    given: str
    outcome: str
    """What counts."""
    reasons: list[Reason]
    comment: str
    given_at: datetime
    until: datetime
    """A dispute can be opened so long."""
    disputable: bool
    dispute_id: UUID | None
    dispute_state: str | None
    dispute_due_at: datetime | None
    decision: str


async def open_dispute(verdict_id: UUID, author_id: UUID, draft: DisputeDraft, settings: Settings) -> UUID:
    """Raises `NoSuchVerdict` (also for somebody else's work), `WrongState`, `DisputeLate`, `DisputeMade`."""
    db.require_transaction()
    await db.execute(sql.lock_slot_of_verdict, verdict_id=verdict_id)
    row = await db.fetch_one(sql.verdict_to_dispute, verdict_id=verdict_id, days=settings.dispute_window_days)
    if row is None or UUID(int=row["author_id"].int) != author_id:
        raise NoSuchVerdict
    if row["disputed"]:
        raise DisputeMade
    if row["outcome"] == "accept":
        raise WrongState("This work was accepted; there is nothing to dispute.")
    if row["late"]:
        raise DisputeLate(f"A verdict can be disputed for {settings.dispute_window_days} days.")
    dispute_id = uuid7()
    await db.execute(
        sql.insert_dispute, id=dispute_id, verdict_id=verdict_id, project_id=row["project_id"], author_id=author_id,
        reason=draft.reason, hours=settings.dispute_decision_hours,
    )  # fmt: skip
    await audit.record(
        "dispute.opened", "verdict", verdict_id, after={"dispute_id": str(dispute_id)}, reason=draft.reason
    )
    facts = {"dispute_id": str(dispute_id), "verdict_id": str(verdict_id), "annotator_id": str(author_id)}
    await outbox.publish("dispute.opened", facts, project_id=row["project_id"], subject_id=row["task_id"])
    return dispute_id


async def withdraw(dispute_id: UUID, author_id: UUID) -> None:
    """Raises `NoSuchDispute`, `DisputeOver`."""
    row = await _locked(dispute_id)
    if UUID(int=row["author"].int) != author_id:
        raise NoSuchDispute
    await db.execute(sql.close_dispute, verdict_id=row["verdict"], state="withdrawn", decision="")


async def decide(dispute_id: UUID, decision: DisputeDecision, *, by: UUID | None, settings: Settings) -> Overturned:
    """`by`: the annotator who decides, where it is one. Raises `NoSuchDispute`, `DisputeOver`, `LessQualified`, and what a
    second look raises.
    """
    db.require_transaction()
    found = await db.fetch_one(sql.dispute_by_id, dispute_id=dispute_id)
    if found is None:
        raise NoSuchDispute
    await db.execute(sql.lock_slot_of_verdict, verdict_id=found["verdict"])
    row = await _locked(dispute_id)
    if by is not None:
        await _check_able(by, row, settings)
    verdict_id = UUID(int=row["verdict"].int)
    if decision.outcome == "overturn":
        draft = OverturnDraft(outcome="accept", reason=decision.reason)
        return await overturn.overturn(verdict_id, draft, by=by)
    return await overturn.uphold(verdict_id, decision.reason, by=by)


async def _locked(dispute_id: UUID) -> Any:
    row = await db.fetch_one(sql.lock_dispute, dispute_id=dispute_id)
    if row is None:
        raise NoSuchDispute
    if row["state"] != "open":
        raise DisputeOver(state=row["state"])
    return row


async def _check_able(by: UUID, row: Any, settings: Settings) -> None:
    """No less able in the domain than the reviewer, by the lower bounds that are asked of people."""
    z, days = settings.skill_lower_bound_z, settings.skill_half_life_days
    own, theirs = [
        (await load_profile(person, days)).belief(row["domain"]).lower_bound(z) for person in (by, row["reviewer"])
    ]
    if own < theirs:
        raise LessQualified


async def disputes(*, state: str | None, limit: int) -> list[DisputeView]:
    """Open ones by their date, then the others, newest first."""
    return await db.fetch_as(DisputeView, sql.disputes, state=state, limit=limit)


async def verdicts_on(author_id: UUID, settings: Settings, limit: int = 30) -> list[VerdictOnMine]:
    """The newest verdicts on somebody's own work, with what can still be done about them."""
    return await db.fetch_as(
        VerdictOnMine, sql.verdicts_on, author_id=author_id, days=settings.dispute_window_days, limit=limit
    )


async def tell_overdue() -> int:
    """Managers hear once of each dispute that nobody decided by its date; it stays open."""
    db.require_transaction()
    rows = await db.fetch(sql.overdue_disputes)
    for row in rows:
        facts = {"dispute_id": str(row["id"]), "verdict_id": str(row["verdict"])}
        await outbox.publish("dispute.overdue", facts, project_id=row["project"])
    return len(rows)
