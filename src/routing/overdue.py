"""Reviews that nobody has taken by their due time: accepted as they are, or handed upwards, as the plan says."""

from uuid import UUID

from kernel import db, outbox
from kernel.sql import load
from routing.settling import settle
from routing.staging import accept_unseen, go_on

sql = load(__package__)
JOB = "routing.overdue_reviews"
BATCH = 200


async def act(limit: int = BATCH) -> int:
    """One batch; how many were due. What somebody has taken is theirs, and stays due until it is free again or judged."""
    db.require_transaction()
    rows = await db.fetch(sql.overdue_reviews, limit=limit)
    touched: set[UUID] = set()
    for row in rows:
        place = await db.fetch_one(sql.lock_overdue_place, submission_id=row["submission_id"], stage=row["stage"])
        if place is None:
            continue
        if await db.fetch_value(sql.lock_submission, submission_id=row["submission_id"]) != "pending":
            continue
        await db.execute(sql.acted_on, id=row["id"])
        touched.add(UUID(int=place["task_id"].int))
        if row["overdue"] == "accept":
            await db.execute(sql.end_place, slot_id=place["id"])
            await accept_unseen(row["submission_id"], "overdue")
            did = "accepted"
        else:
            did = await _escalate(row["submission_id"], row["stage"], place["id"])
        facts = {
            "submission_id": str(row["submission_id"]),
            "task_id": str(place["task_id"]),
            "stage": row["stage"],
            "did": did,
        }
        await outbox.publish(
            "review.overdue", facts, project_id=place["project_id"], subject_id=UUID(int=place["task_id"].int)
        )
    await settle(touched)
    return len(rows)


async def _escalate(submission_id: UUID, stage: int, slot_id: UUID) -> str:
    """The next stage of the plan looks now; after the last one the place goes before everything else."""
    if await go_on(submission_id, stage, None):
        await db.execute(sql.end_place, slot_id=slot_id)
        return "next_stage"
    await db.execute(sql.put_first, slot_id=slot_id)
    return "put_first"


async def look_now(assignment_id: UUID) -> bool:
    """Somebody waited too long: the review of this work goes before everything else. False where nobody can take it, or somebody has."""
    db.require_transaction()
    slot_id = await db.fetch_value(sql.free_review_of, assignment_id=assignment_id)
    if slot_id is None:
        return False
    await db.execute(sql.put_first, slot_id=slot_id)
    return True
