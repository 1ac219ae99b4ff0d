"""The life of a hold: renewed by heartbeats, handed back, run out. Every write is fenced by holder and epoch."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kernel import db, outbox
from kernel.errors import PreconditionFailed
from kernel.ids import uuid7
from kernel.settings import Settings
from kernel.sql import load
from routing.errors import LeaseLost, NoSuchAssignment, NotHeld, StaleEpoch
from routing.events import AssignmentEnded, emit
from routing.settling import settle

sql = load(__package__)

LAPSED = "the lease or the deadline passed"


class LiveAssignment(msgspec.Struct, frozen=True):
    """An assignment and its slot as they were locked; `holds` says whether its holder may still write."""

    id: UUID
    slot_id: UUID
    task_id: UUID
    project_id: UUID
    annotator_id: UUID
    vendor_id: UUID | None
    kind: str
    epoch: int
    state: str
    price_micros: int
    currency: str
    cost: int
    """Units of capacity that it took, and gives back."""
    slot_state: str
    slot_epoch: int
    rank: int
    lane_id: UUID
    stage: int
    submission_id: UUID | None
    author_id: UUID | None
    holds: bool


class Lease(msgspec.Struct, frozen=True):
    lease_until: datetime
    deadline: datetime
    active_seconds: int


class DraftView(msgspec.Struct, frozen=True):
    assignment_id: UUID
    version: int
    payload: dict[str, Any]
    saved_at: datetime


async def lock(assignment_id: UUID, annotator_id: UUID) -> LiveAssignment:
    """Locks holder, slot and assignment in this order. Raises `NoSuchAssignment`, also for somebody else's."""
    db.require_transaction()
    await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    row = await db.fetch_one_as(
        LiveAssignment, sql.lock_assignment, assignment_id=assignment_id, annotator_id=annotator_id
    )
    if row is None:
        raise NoSuchAssignment
    return row


async def hold(assignment_id: UUID, annotator_id: UUID, epoch: int) -> LiveAssignment:
    """The assignment, locked, if this person holds it now with this epoch; else `StaleEpoch` or `LeaseLost`."""
    mine = await lock(assignment_id, annotator_id)
    if mine.epoch != epoch:
        raise StaleEpoch(epoch=mine.epoch)
    if not mine.holds:
        raise LeaseLost(state=mine.state)
    return mine


async def heartbeat(
    assignment_id: UUID, annotator_id: UUID, epoch: int, settings: Settings, *, active: bool = True
) -> Lease:
    """Renews the lease, never past the deadline. Raises `NoSuchAssignment`, `StaleEpoch`, `LeaseLost`."""
    lease = await db.fetch_one_as(
        Lease, sql.heartbeat, assignment_id=assignment_id, annotator_id=annotator_id, epoch=epoch, active=int(active),
        idle_cut_seconds=settings.heartbeat_idle_cut_seconds,
        idle_minutes=settings.presence_idle_minutes,
    )  # fmt: skip
    if lease is None:
        await hold(assignment_id, annotator_id, epoch)  # says which of the three it is
        raise LeaseLost
    return lease


async def worked(assignment_id: UUID, settings: Settings) -> int:
    """Active seconds of a hold up to now, for a write that is a sign of life; the caller holds it."""
    db.require_transaction()
    cut = settings.heartbeat_idle_cut_seconds
    return int(await db.fetch_value(sql.worked, assignment_id=assignment_id, idle_cut_seconds=cut) or 0)


async def release(assignment_id: UUID, annotator_id: UUID, epoch: int, settings: Settings, *, reason: str = "") -> None:
    """Back to the pool; the person may be given the task again. The draft is kept."""
    mine = await hold(assignment_id, annotator_id, epoch)
    await _end(mine, "released", reason, settings)
    await _conclude({mine.task_id}, [AssignmentEnded(mine.id, reason or "released")])


async def decline(assignment_id: UUID, annotator_id: UUID, epoch: int, settings: Settings, *, reason: str) -> None:
    """Back to the pool, and not to this person again."""
    mine = await hold(assignment_id, annotator_id, epoch)
    await db.execute(sql.remember_declined, id=uuid7(), task_id=mine.task_id, annotator_id=annotator_id, reason=reason)
    await _end(mine, "declined", reason, settings)
    await db.execute(sql.end_reservation, slot_id=mine.slot_id)
    await _conclude({mine.task_id}, [AssignmentEnded(mine.id, reason)])


async def take_back(assignment_id: UUID, annotator_id: UUID, settings: Settings, *, reason: str) -> LiveAssignment:
    """A manager's hand: back to the pool, lapsed or not; the draft is kept. Raises `NoSuchAssignment`, `NotHeld`."""
    mine = await lock(assignment_id, annotator_id)
    if mine.state != "live":
        raise NotHeld(state=mine.state)
    await _end(mine, "released", reason, settings)
    await _conclude({mine.task_id}, [AssignmentEnded(mine.id, reason)])
    return mine


async def expire(mine: LiveAssignment, settings: Settings) -> None:
    """For a holder who comes late: the hold ends here, as the sweeper would have ended it, and the task is kept for them."""
    await _end(mine, "expired", LAPSED, settings)
    await _conclude({mine.task_id}, [AssignmentEnded(mine.id, LAPSED)])


async def _end(mine: LiveAssignment, state: str, reason: str, settings: Settings) -> None:
    """Slot, assignment and holder. Tasks and then accounts are locked after them, by `_conclude`."""
    lapsed = state == "expired"
    kept = await db.fetch_value(
        sql.free_lapsed_slot if lapsed else sql.free_slot, slot_id=mine.slot_id, epoch=mine.epoch
    )
    await db.execute(
        sql.end_assignment,
        assignment_id=mine.id,
        state=state,
        reason=reason,
        idle_cut_seconds=settings.heartbeat_idle_cut_seconds,
        idle_minutes=settings.presence_idle_minutes,
    )
    await db.execute(sql.add_live, annotator_id=mine.annotator_id, difference=-mine.cost)
    await outbox.publish(
        f"assignment.{state}",
        {"assignment_id": str(mine.id), "task_id": str(mine.task_id), "annotator_id": str(mine.annotator_id), "kind": mine.kind, "reason": reason,
         "slot_id": str(mine.slot_id), "epoch": mine.epoch} | ({"kept_until": kept.isoformat()} if lapsed and kept else {}),
        project_id=mine.project_id, subject_id=mine.task_id, vendor_id=mine.vendor_id,
    )  # fmt: skip


async def _conclude(task_ids: set[UUID], ended: list[AssignmentEnded]) -> None:
    """Tasks in the order of their ids, then the money: the order in which every writer locks."""
    await settle(task_ids)
    for happening in ended:
        await emit(happening)


async def sweep(settings: Settings) -> int:
    """Tidies leases that ran out, at most `sweep_batch`; the number tidied. Any number of sweepers may run.

    The grace in which a task is kept for its holder counts from the end of the lease: a late sweeper does not prolong it.
    Locks in the order of every other writer: holders (by id), slots, tasks, and the accounts at the very end.
    """
    db.require_transaction()
    lapsed = sorted(
        await db.fetch(sql.lapsed_leases, limit=settings.sweep_batch), key=lambda row: str(row["annotator_id"])
    )
    for annotator_id in dict.fromkeys(row["annotator_id"] for row in lapsed):
        await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    ended: list[LiveAssignment] = []
    for row in lapsed:
        if await db.fetch_one(sql.lock_lapsed, slot_id=row["slot_id"], assignment_id=row["assignment_id"]) is None:
            continue
        mine = await db.fetch_one_as(
            LiveAssignment, sql.lock_assignment, assignment_id=row["assignment_id"], annotator_id=row["annotator_id"]
        )
        assert mine is not None
        await _end(mine, "expired", LAPSED, settings)
        ended.append(mine)
    opened = await db.fetch(sql.end_old_reservations)
    tasks = {mine.task_id for mine in ended} | {UUID(int=row["task_id"].int) for row in opened}
    await _conclude(tasks, [AssignmentEnded(mine.id, LAPSED) for mine in ended])
    return len(ended)


async def save_draft(
    assignment_id: UUID, annotator_id: UUID, payload: dict[str, Any], *, version: int | None
) -> tuple[int, datetime]:
    """The new version. Kept also when the lease is over. Raises `PreconditionFailed` when another tab saved meanwhile."""
    row = await db.fetch_one(
        sql.save_draft,
        assignment_id=assignment_id,
        annotator_id=annotator_id,
        payload=db.jsonb(payload),
        version=version,
    )
    if row is None:
        if await db.fetch_value(
            "SELECT 1 FROM assignment WHERE id = :id AND annotator = :annotator_id",
            id=assignment_id,
            annotator_id=annotator_id,
        ):
            raise PreconditionFailed("This draft was saved in another tab meanwhile; read it again before you save.")
        raise NoSuchAssignment
    return row["version"], row["saved_at"]


async def draft_of(task_id: UUID, annotator_id: UUID) -> DraftView | None:
    return await db.fetch_one_as(DraftView, sql.draft_of, task_id=task_id, annotator_id=annotator_id)
