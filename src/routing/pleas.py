"""What a holder says about the task itself: more time is needed, or something is wrong with it; and a manager's answer.

Each is an entry of the task's history, which managers read on its page and on the floor, and an event for everybody else.
"""

from uuid import UUID

from kernel import audit, db, outbox
from kernel.errors import Invalid
from kernel.settings import Settings
from kernel.sql import load
from routing import leases
from routing.errors import NoSuchAssignment, NotHeld

sql = load(__package__)

MINUTES = range(5, 7 * 24 * 60 + 1)
REASON_CHARACTERS = 500


async def ask_extension(assignment_id: UUID, annotator_id: UUID, epoch: int, *, minutes: int, reason: str) -> None:
    """Moves no clock: a manager may grant it. Raises what `leases.hold` does, `Invalid`."""
    _require(minutes, reason)
    mine = await leases.hold(assignment_id, annotator_id, epoch)
    await audit.record(
        "task.extension_asked", "task", mine.task_id, reason=f"+{minutes} min: {reason.strip()}",
        after={"assignment_id": str(assignment_id), "minutes": minutes},
    )  # fmt: skip
    await _tell("assignment.extension_asked", mine, {"minutes": minutes, "reason": reason.strip()})


async def extend(task_id: UUID, assignment_id: UUID, *, minutes: int, reason: str) -> None:
    """A manager moves the deadline of a live hold, asked or not. Raises `NoSuchAssignment`, `NotHeld`, `Invalid`."""
    _require(minutes, reason)
    annotator_id = await db.fetch_value(sql.holder_of_task, assignment_id=assignment_id, task_id=task_id)
    if annotator_id is None:
        raise NoSuchAssignment
    mine = await leases.lock(assignment_id, annotator_id)
    if not mine.holds:
        raise NotHeld(state=mine.state)
    deadline = await db.fetch_value(
        sql.extend_deadline, assignment_id=assignment_id, slot_id=mine.slot_id, minutes=minutes
    )
    await audit.record(
        "task.extended", "task", mine.task_id, reason=f"+{minutes} min: {reason.strip()}",
        after={"assignment_id": str(assignment_id), "minutes": minutes, "deadline": deadline.isoformat()},
    )  # fmt: skip
    await _tell("assignment.extended", mine, {"minutes": minutes, "deadline": deadline.isoformat()})


async def report_trouble(
    assignment_id: UUID, annotator_id: UUID, epoch: int, settings: Settings, *, reason: str, keep: bool
) -> None:
    """Kept, or given back for somebody else. Raises what `leases.hold` does, `Invalid`."""
    _require(MINUTES[0], reason)
    mine = await leases.hold(assignment_id, annotator_id, epoch)
    await audit.record(
        "task.trouble", "task", mine.task_id, reason=reason.strip(),
        after={"assignment_id": str(assignment_id), "kept": keep},
    )  # fmt: skip
    await _tell("task.trouble", mine, {"reason": reason.strip(), "kept": keep})
    if not keep:
        await leases.decline(assignment_id, annotator_id, epoch, settings, reason=reason.strip())


def _require(minutes: int, reason: str) -> None:
    if minutes not in MINUTES:
        raise Invalid(f"An extension is of {MINUTES[0]} to {MINUTES[-1]:,} minutes.")
    if not reason.strip() or len(reason) > REASON_CHARACTERS or "\0" in reason:
        raise Invalid(f"Say why, in up to {REASON_CHARACTERS} characters.")


async def _tell(kind: str, mine: leases.LiveAssignment, more: dict[str, object]) -> None:
    data = {"assignment_id": str(mine.id), "task_id": str(mine.task_id), "annotator_id": str(mine.annotator_id)}
    await outbox.publish(
        kind, data | {"kind": mine.kind} | more, project_id=mine.project_id, subject_id=mine.task_id,
        vendor_id=mine.vendor_id,
    )  # fmt: skip
