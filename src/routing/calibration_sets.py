"""Sets of decided work whose right verdict is known: made by managers, given to reviewers as ordinary reviews (`routing.measured`).

A set is made once and never changed; the way to another one is to retire it. Nobody is given a piece twice, nor one of a task that
they had a part in.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from kernel import audit, db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.sql import load
from routing.errors import BadCalibration, CalibrationRetired, NoSuchCalibration
from routing.outcomes import Outcome

sql = load(__package__)
MOST_ITEMS = 500
CANDIDATES = 100


class CalibrationPiece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    verdict_id: UUID
    """Of the look that reviewers are to have before them: the work as that stage saw it."""
    outcome: Outcome | None = None
    """The right one; none: what counts of that verdict."""


class SetDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
    note: Annotated[str, Meta(max_length=1000)] = ""
    share: Annotated[float, Meta(gt=0, le=0.5)] = 0.05
    """Pieces of the set that come for each ordinary verdict of the project."""
    items: Annotated[list[CalibrationPiece], Meta(min_length=1, max_length=MOST_ITEMS)]


class CalibrationSetView(msgspec.Struct, frozen=True):
    id: UUID
    project_id: UUID
    name: str
    note: str
    share: float
    state: str
    """`active` or `retired`."""
    created_by: str
    created_at: datetime
    retired_at: datetime | None
    items: int
    looks: int
    """Given so far."""
    right: int
    """Of those: with exactly the right verdict."""
    people: int


class CalibrationCandidate(msgspec.Struct, frozen=True):
    """A verdict that a second look confirmed or overturned, or a later stage or an adjudicator looked after."""

    verdict_id: UUID
    task_id: UUID
    title: str
    domain: str
    outcome: str
    """What counts."""
    looked_at: int
    """Looks besides the first one."""
    given_at: datetime


async def make(project_id: UUID, draft: SetDraft, by: str) -> UUID:
    """Given out from now on. Raises `BadCalibration` with the verdict that cannot be in it."""
    db.require_transaction()
    ids = [one.verdict_id for one in draft.items]
    rows = {plain_uuid(row["id"]): row for row in await db.fetch(sql.verdicts_for_set, project_id=project_id, ids=ids)}
    missing = [str(one) for one in ids if one not in rows]
    if missing:
        raise BadCalibration(
            "A piece is decided work of this project, by the verdict of a stage of its review.", verdicts=missing[:20]
        )
    pieces = [plain_uuid(rows[one]["submission"]) for one in ids]
    if len(set(pieces)) < len(pieces):
        raise BadCalibration("A piece of work is in the set twice.")
    set_id = uuid7()
    await db.execute(
        sql.insert_set, id=set_id, project_id=project_id, name=draft.name.strip(), note=draft.note.strip(),
        share=draft.share, created_by=by,
    )  # fmt: skip
    await db.execute(
        sql.insert_items, set_id=set_id, ids=[uuid7() for _ in ids], submissions=pieces, verdicts=ids,
        outcomes=[one.outcome or rows[one.verdict_id]["outcome"] for one in draft.items],
    )  # fmt: skip
    facts = {"name": draft.name, "share": draft.share, "items": len(ids)}
    await audit.record("calibration_set.made", "calibration_set", set_id, after=facts, reason=draft.note or None)
    await outbox.publish(
        "calibration_set.made", facts | {"set_id": str(set_id)}, project_id=project_id, subject_id=set_id
    )
    return set_id


async def retire(set_id: UUID, reason: str) -> CalibrationSetView:
    """Nothing of it is given out any more; what somebody has they finish. Raises `NoSuchCalibration`, `CalibrationRetired`."""
    db.require_transaction()
    before = await one(set_id)
    if not await db.execute(sql.retire_set, set_id=set_id):
        raise CalibrationRetired
    await db.execute(sql.withdraw_items, set_id=set_id)
    await audit.record(
        "calibration_set.retired", "calibration_set", set_id, before={"state": "active"}, after={"state": "retired"},
        reason=reason,
    )  # fmt: skip
    facts = {"set_id": str(set_id), "name": before.name, "reason": reason}
    await outbox.publish("calibration_set.retired", facts, project_id=before.project_id, subject_id=set_id)
    return await one(set_id)


async def sets(project_id: UUID) -> list[CalibrationSetView]:
    """Newest first."""
    return await db.fetch_as(CalibrationSetView, sql.sets_of_project, project_id=project_id, set_id=None)


async def one(set_id: UUID) -> CalibrationSetView:
    """Raises `NoSuchCalibration`."""
    found = await db.fetch_as(CalibrationSetView, sql.sets_of_project, project_id=None, set_id=set_id)
    if not found:
        raise NoSuchCalibration
    return found[0]


async def candidates(project_id: UUID) -> list[CalibrationCandidate]:
    """Those that are in no set, by how many looks stand behind them, newest first."""
    return await db.fetch_as(CalibrationCandidate, sql.calibration_candidates, project_id=project_id, limit=CANDIDATES)
