"""Assignments as values, read by id, by owner and by state; ownership stands in the WHERE."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import load
from routing.errors import NoSuchAssignment

sql = load(__package__)


class AssignmentView(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    """`annotation` or `review`."""
    state: str
    epoch: int
    slot_id: UUID
    annotator_id: UUID
    project_id: UUID
    project_name: str
    lease_until: datetime
    deadline: datetime
    price_micros: int
    currency: str
    price_inputs: dict[str, Any]
    why: dict[str, Any]
    active_seconds: int
    claimed_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    lapsed: bool
    """Live in the books, but the lease or the deadline has passed: it can no longer be submitted as it is."""
    task_id: UUID
    external_id: str
    task_kind: str
    domain: str
    language: str
    difficulty_level: int | None
    difficulty_band: int
    priority: int
    due_at: datetime | None
    payload: dict[str, Any]
    task_state: str
    guidelines: str
    min_turns: int
    max_turns: int
    submission_id: UUID | None
    """For a review: what is to be judged."""
    stage: int
    draft_version: int | None
    rework_rounds: int


async def assignments(
    *,
    annotator_id: UUID | None = None,
    vendor_id: UUID | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> list[AssignmentView]:
    """Newest first; the cursor is the id."""
    return await db.fetch_as(
        AssignmentView, sql.assignments, assignment_id=None, annotator_id=annotator_id, vendor_id=vendor_id, state=state,
        before=before, limit=limit,
    )  # fmt: skip


async def named_assignments(ids: list[UUID]) -> list[AssignmentView]:
    """Whoever holds them; newest first."""
    return await db.fetch_as(AssignmentView, sql.named_assignments, ids=ids)


async def assignment(
    assignment_id: UUID, *, annotator_id: UUID | None = None, vendor_id: UUID | None = None
) -> AssignmentView:
    """Raises `NoSuchAssignment` also for somebody else's."""
    rows = await db.fetch_as(
        AssignmentView, sql.assignments, assignment_id=assignment_id, annotator_id=annotator_id, vendor_id=vendor_id,
        state=None, before=None, limit=1,
    )  # fmt: skip
    if not rows:
        raise NoSuchAssignment
    return rows[0]
