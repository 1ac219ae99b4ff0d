"""Doubts about a key: while one is open the gold is given to nobody; another person upholds the key or corrects it, by a date.

A key that many able people miss comes into doubt by itself. Correcting it corrects everybody's record (`gold_keys`).
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import (
    BadGold,
    GoldContested,
    GoldContestOver,
    LessQualified,
    NoSuchGold,
    OwnGoldContest,
)
from routing.gold_scoring import GoldKey
from skills.profiles import load_profile

sql = load(__package__)
OVERDUE = "routing.overdue_gold"
ITSELF = "system:gold"
Text = Annotated[str, Meta(min_length=1, max_length=4000, pattern=r"\S")]


class GoldDoubtDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Text
    """Why the key is wrong."""


class GoldDoubtDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Literal["uphold", "correct"]
    reason: Text
    """Whoever doubted reads it."""
    key: GoldKey | None = None
    """With `correct`: the right one."""
    retire: bool = False
    """Whether it is given to nobody any more."""


class GoldContestView(msgspec.Struct, frozen=True):
    id: UUID
    gold_id: UUID
    name: str
    project_id: UUID
    project_name: str
    annotator_id: UUID | None
    annotator: str | None
    opened_by: str
    automatic: bool
    reason: str
    state: str
    opened_at: datetime
    due_at: datetime
    overdue: bool
    decided_by: str | None
    decided_at: datetime | None
    decision: str


class Doubter(msgspec.Struct, frozen=True):
    label: str
    annotator_id: UUID | None


async def contests(
    project_id: UUID | None = None, *, gold_id: UUID | None = None, state: str | None = None, limit: int = 100
) -> list[GoldContestView]:
    """Open ones by their date, then the others, newest first."""
    return await db.fetch_as(
        GoldContestView, sql.gold_contests, project_id=project_id, gold_id=gold_id, state=state, limit=limit
    )


async def doubt(gold_id: UUID, draft: GoldDoubtDraft, by: Doubter, settings: Settings) -> UUID:
    """Raises `NoSuchGold`, `GoldContested`."""
    return await _open(gold_id, draft.reason, by, settings, automatic=False)


async def doubt_itself(gold_id: UUID, settings: Settings) -> UUID | None:
    """Where so many of the able missed it that the key is the likelier fault. None: it stands, or is in doubt already."""
    seen = await db.fetch_one(sql.gold_evidence_difficulty, gold_id=gold_id, able=settings.gold_able)
    assert seen is not None
    able, met = seen["able"], seen["able_met"]
    if able < settings.gold_doubt_people or met >= settings.gold_doubt_share * able:
        return None
    reason = f"{met} of {able} able people met it."
    try:
        return await _open(gold_id, reason, Doubter(ITSELF, None), settings, automatic=True)
    except GoldContested:
        return None


async def _open(gold_id: UUID, reason: str, by: Doubter, settings: Settings, *, automatic: bool) -> UUID:
    row = await locked(gold_id)
    if row["state"] == "contested":
        raise GoldContested
    contest_id = uuid7()
    await db.execute(sql.change_gold_state, gold_id=gold_id, state="contested")
    await db.execute(
        sql.insert_gold_contest, id=contest_id, gold_id=gold_id, annotator_id=by.annotator_id, by=by.label,
        automatic=automatic, reason=reason, hours=settings.gold_decision_hours,
    )  # fmt: skip
    await audit.record(
        "gold.contested", "gold", gold_id, before={"state": row["state"]}, after={"contest_id": str(contest_id)},
        reason=reason,
    )  # fmt: skip
    facts = {"gold_id": str(gold_id), "contest_id": str(contest_id), "automatic": automatic}
    await outbox.publish("gold.contested", facts, project_id=plain_uuid(row["project_id"]), subject_id=gold_id)
    return contest_id


async def locked(gold_id: UUID, project_id: UUID | None = None) -> Any:
    """Raises `NoSuchGold`, also for one of another project."""
    db.require_transaction()
    row = await db.fetch_one(sql.lock_gold, gold_id=gold_id, project_id=project_id)
    if row is None:
        raise NoSuchGold
    return row


async def begin_decision(contest_id: UUID, decision: GoldDoubtDecision, by: Doubter, settings: Settings) -> Any:
    """The gold, locked, with who may decide judged.

    Raises `NoSuchGold`, `GoldContestOver`, `OwnGoldContest`, `LessQualified`, and `BadGold` for a correction without a key.
    """
    gold_id = await db.fetch_value(sql.gold_contest_by_id, contest_id=contest_id)
    if gold_id is None:
        raise NoSuchGold
    gold = await locked(plain_uuid(gold_id))
    row = await db.fetch_one(sql.lock_gold_contest, contest_id=contest_id)
    assert row is not None, "contests are kept"
    if row["state"] != "open":
        raise GoldContestOver(state=row["state"])
    if (decision.outcome == "correct") != (decision.key is not None):
        raise BadGold("A correction says the right key, and nothing else does.")
    doubter = None if row["annotator"] is None else plain_uuid(row["annotator"])
    if by.label == row["opened_by"] or (by.annotator_id is not None and by.annotator_id == doubter):
        raise OwnGoldContest
    if by.annotator_id is not None and doubter is not None:
        await _check_able(by.annotator_id, doubter, gold["domain"], settings)
    return gold


async def _check_able(by: UUID, doubter: UUID, domain: str, settings: Settings) -> None:
    """No less able in the domain than who doubts, by the lower bounds that are asked of people."""
    z, days = settings.skill_lower_bound_z, settings.skill_half_life_days
    own, theirs = [(await load_profile(person, days)).belief(domain).lower_bound(z) for person in (by, doubter)]
    if own < theirs:
        raise LessQualified


async def close(contest_id: UUID, gold: Any, decision: GoldDoubtDecision, by: Doubter) -> None:
    """After the key is as it was decided."""
    state = "corrected" if decision.outcome == "correct" else "upheld"
    await db.execute(sql.decide_gold_contest, contest_id=contest_id, state=state, by=by.label, decision=decision.reason)
    await db.execute(
        sql.change_gold_state, gold_id=gold["id"], state="retired" if decision.retire else "active"
    )  # fmt: skip
    gold_id = plain_uuid(gold["id"])
    await audit.record("gold.decided", "gold", gold_id, after={"outcome": state}, reason=decision.reason)
    facts = {"gold_id": str(gold_id), "contest_id": str(contest_id), "outcome": state}
    await outbox.publish("gold.decided", facts, project_id=plain_uuid(gold["project_id"]), subject_id=gold_id)


async def tell_overdue() -> int:
    """Managers hear once of each doubt that nobody decided by its date; it stays open."""
    db.require_transaction()
    rows = await db.fetch(sql.overdue_gold_contests)
    for row in rows:
        facts = {"contest_id": str(row["id"]), "gold_id": str(row["gold"])}
        await outbox.publish("gold.overdue", facts, project_id=row["project"], subject_id=row["gold"])
    return len(rows)
