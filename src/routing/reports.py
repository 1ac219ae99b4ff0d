"""What managers look at: the floor, the queue, throughput, quality, the list of tasks and the story of one."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db
from kernel.sql import Sql, load
from routing.errors import NoSuchTask

sql = load(__package__)


class QueueCell(msgspec.Struct, frozen=True):
    domain: str
    difficulty_band: int
    waiting: int
    in_work: int
    review_waiting: int
    in_review: int
    accepted: int
    rejected: int
    oldest_seconds: int
    """Since the oldest free slot became free; 0 when none is."""


class LiveHold(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    annotator_id: UUID
    annotator: str
    vendor: str | None
    task_id: UUID
    external_id: str
    domain: str
    language: str
    difficulty_band: int
    project_name: str
    claimed_at: datetime
    lease_until: datetime
    deadline: datetime
    active_seconds: int
    price_micros: int
    currency: str
    turns: int
    title: str | None
    rework_rounds: int


class Minute(msgspec.Struct, frozen=True):
    minute: datetime
    submitted: int
    accepted: int


class QualityRow(msgspec.Struct, frozen=True):
    domain: str
    verdicts: int
    accepted: int
    fixed: int
    reworked: int
    rejected: int
    first_looks: int
    first_pass: int


class FloorTotals(msgspec.Struct, frozen=True):
    accepted_today: int
    rejected_today: int
    reworked_today: int
    surplus: int


class TaskRow(msgspec.Struct, frozen=True):
    id: UUID
    external_id: str
    kind: str
    domain: str
    language: str
    difficulty_level: int | None
    difficulty_band: int
    difficulty_mean: float
    difficulty_variance: float
    priority: int
    due_at: datetime | None
    state: str
    project_id: UUID
    project_name: str
    version: int
    created_at: datetime
    closed_at: datetime | None
    expires_at: datetime | None
    """When it is cancelled unless somebody takes it; none: never. Moves on while the project is paused."""
    requirements: dict[str, Any] | str
    payload: dict[str, Any]
    held_by: str | None


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    project_id: UUID | None = None
    state: str | None = None
    domain: str | None = None
    language: str | None = None
    band: int | None = None
    """Difficulty, 1 to 5, as the matrix counts it."""
    search: str | None = None
    """A piece of the name or of the first 300 characters of the title."""


class HistoryLine(msgspec.Struct, frozen=True):
    at: datetime
    what: str
    who: str | None
    detail: dict[str, Any]


async def queue(project_id: UUID | None = None, vendor_id: UUID | None = None) -> list[QueueCell]:
    """With a vendor: only what its people hold or have done."""
    if vendor_id is not None:
        return await db.fetch_as(QueueCell, sql.queue_matrix_of_vendor, project_id=project_id, vendor_id=vendor_id)
    return await db.fetch_as(QueueCell, sql.queue_matrix, project_id=project_id)


async def live_holds(
    *,
    project_id: UUID | None = None,
    vendor_id: UUID | None = None,
    domain: str | None = None,
    kind: str | None = None,
    limit: int = 200,
) -> list[LiveHold]:
    return await db.fetch_as(
        LiveHold, sql.live_holds, project_id=project_id, vendor_id=vendor_id, domain=domain, kind=kind, limit=limit
    )


async def throughput(minutes: int, project_id: UUID | None = None, vendor_id: UUID | None = None) -> list[Minute]:
    """One row per minute, oldest first."""
    return await db.fetch_as(Minute, sql.throughput, minutes=minutes, project_id=project_id, vendor_id=vendor_id)


async def quality(since: datetime, project_id: UUID | None = None, vendor_id: UUID | None = None) -> list[QualityRow]:
    return await db.fetch_as(QualityRow, sql.quality, since=since, project_id=project_id, vendor_id=vendor_id)


async def floor_totals(project_id: UUID | None = None, vendor_id: UUID | None = None) -> FloorTotals:
    row = await db.fetch_one_as(FloorTotals, sql.floor_totals, project_id=project_id, vendor_id=vendor_id)
    assert row is not None
    return row


async def tasks(wanted: TaskFilter, *, before: UUID | None = None, limit: int = 100) -> list[TaskRow]:
    statement, values = by_filter(wanted, sql.tasks, sql.tasks_by_words)
    return await db.fetch_as(TaskRow, statement, before=before, limit=limit, **values)


def by_filter(wanted: TaskFilter, plain: Sql, by_words: Sql) -> tuple[Sql, dict[str, Any]]:
    """Which of two statements answers the filter, with its values."""
    values = msgspec.structs.asdict(wanted)
    if wanted.search:
        return by_words, values
    del values["search"]
    return plain, values


async def task(task_id: UUID) -> TaskRow:
    row = await db.fetch_one_as(TaskRow, sql.task, id=task_id)
    if row is None:
        raise NoSuchTask
    return row


async def history(task_id: UUID) -> list[HistoryLine]:
    return await db.fetch_as(HistoryLine, sql.task_history, task_id=task_id)


async def shown_state(task_id: UUID, annotator_id: UUID | None) -> str | None:
    """The state that a task has for somebody who looks at it to be measured; none for everybody else (`routing.measured`)."""
    if annotator_id is None:
        return None
    found: str | None = await db.fetch_value(sql.shown_state, task_id=task_id, annotator_id=annotator_id)
    return found
