"""What must follow a transaction, written inside it: events (to be told) and jobs (to be done).

A job's row is the record. A worker is nudged through the queue, and without the queue it finds due rows by itself;
either way the row lock lets one worker run it, and its effects commit together with its `done_at`.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from kernel import db
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load

sql = load(__package__)
log = structlog.get_logger(__name__)

JobHandler = Callable[[dict[str, Any], Settings], Awaitable[None]]
_handlers: dict[str, JobHandler] = {}


class Position(NamedTuple):
    """A place in the feed; written as `xid-seq` in cursors. The order is that of (xid, seq)."""

    xid: int
    seq: int

    def text(self) -> str:
        return f"{self.xid}-{self.seq}"


START = Position(0, 0)


class EventRow(msgspec.Struct, frozen=True):
    seq: int
    xid: int
    id: UUID
    type: str
    project_id: UUID | None
    subject_id: UUID | None
    vendor_id: UUID | None
    data: dict[str, Any]
    occurred_at: datetime

    @property
    def position(self) -> Position:
        return Position(self.xid, self.seq)


async def publish(
    kind: str,
    data: dict[str, Any],
    *,
    project_id: UUID | None = None,
    subject_id: UUID | None = None,
    vendor_id: UUID | None = None,
) -> None:
    """Tell it when, and only if, the running transaction commits. `kind` is `noun.verb`, part of the API."""
    db.require_transaction()
    await db.execute(
        sql.publish_event, id=uuid7(), type=kind, project_id=project_id, subject_id=subject_id, vendor_id=vendor_id,
        data=db.jsonb(data),
    )  # fmt: skip


async def enqueue(
    name: str, payload: dict[str, Any], *, key: str | None = None, due_at: datetime | None = None
) -> None:
    """Do it after the running transaction; with a `key` only one such job waits at a time."""
    db.require_transaction()
    await db.execute(sql.enqueue_job, id=uuid7(), name=name, key=key, payload=db.jsonb(payload), due_at=due_at)


def handler(name: str) -> Callable[[JobHandler], JobHandler]:
    """Registers what a worker does for jobs of this name. It runs inside the job's transaction and may run again."""

    def register(function: JobHandler) -> JobHandler:
        if name in _handlers:
            raise ValueError(f"two handlers for {name}")
        _handlers[name] = function
        return function

    return register


def require(names: Iterable[str]) -> None:
    """Raises `RuntimeError` at the start of a process rather than at the first job that nobody can do."""
    missing = sorted(set(names) - _handlers.keys())
    if missing:
        raise RuntimeError(f"no handler is registered for {', '.join(missing)}")


async def take_due_jobs(settings: Settings) -> list[UUID]:
    """Due jobs to nudge workers about, at most `relay_batch`; each is offered again after `job_lease_seconds`."""
    rows = await db.fetch(
        sql.take_due_jobs, limit=settings.relay_batch, lease_seconds=float(settings.job_lease_seconds)
    )
    return [UUID(int=row["id"].int) for row in rows]


async def run_job(job_id: UUID, settings: Settings) -> bool:
    """Runs the job if it still waits and nobody else has it; True when it was done by this call.

    A failure is written to the row (with a doubling wait) and logged, never raised: the queue must not retry as well.
    """
    try:
        async with db.transaction(actor="system:worker"):
            row = await db.fetch_one(sql.lock_job, id=job_id)
            if row is None:
                return False
            await _handlers[row["name"]](row["payload"], settings)
            await db.execute(sql.finish_job, id=job_id)
    except Exception as error:
        log.exception("job failed", job_id=str(job_id))
        async with db.transaction(actor="system:worker"):
            text = f"{type(error).__name__}: {error}"[:2000].replace("\x00", "")
            await db.execute(sql.postpone_job, id=job_id, error=text, most_attempts=settings.job_attempts)
        return False
    return True


async def events_after(position: Position, limit: int, project_ids: list[UUID] | None = None) -> list[EventRow]:
    """Committed events after a position, oldest first; with `project_ids` only those of these projects."""
    if project_ids is None:
        return await db.fetch_as(EventRow, sql.events_after, xid=str(position.xid), seq=position.seq, limit=limit)
    return await db.fetch_as(
        EventRow,
        sql.events_after_in_project,
        xid=str(position.xid),
        seq=position.seq,
        limit=limit,
        project_ids=project_ids,
    )


async def newest_position() -> Position:
    row = await db.fetch_one(sql.newest_event_position)
    return Position(row["xid"], row["seq"]) if row else START


async def fire_once(job: str, slot: datetime) -> bool:
    """True for exactly one caller per job and slot."""
    return await db.fetch_value(sql.fire_once, job=job, slot=slot) is not None


async def tidy(settings: Settings) -> None:
    await db.execute(sql.tidy_kernel, idempotency_days=settings.idempotency_days)
