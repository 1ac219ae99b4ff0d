"""A task whose answers stay unclear goes to somebody who sees all of them: the place for it, where the plan names who.

Looks at single answers that nobody has taken wait no longer: whoever decides looks at all answers. Where somebody looks at one
right now, that look goes on, and what it says may settle the task.
"""

from typing import Any
from uuid import UUID

from kernel import audit, db, outbox
from kernel.ids import plain_uuid, uuid7
from kernel.sql import load
from routing.intake import lanes_known
from routing.lanes import lane_of, review_lane
from routing.look_ends import ADJUDICATION
from routing.review_plans import adjudicator_of

sql = load(__package__)


async def ask(task_id: UUID, project_id: UUID, why: str) -> bool:
    """Whether a place was opened. The task is locked, all its answers are in; it is settled afterwards."""
    db.require_transaction()
    first = await db.fetch_one(sql.first_answer, task_id=task_id)
    if first is None:
        return False
    row: Any = await db.fetch_one(sql.work_for_stage, submission_id=first["id"])
    wanted = await adjudicator_of(project_id, row["expert_level"])
    if wanted is None or not await _looks_withdrawn(task_id):
        return False
    who, asked = wanted
    lane = review_lane(lane_of(row), ADJUDICATION, asked, other_vendor=who.other_vendor)
    slot_id = uuid7()
    await db.execute(
        sql.place_adjudication, id=slot_id, submission_id=first["id"], lane_id=(await lanes_known([lane]))[lane.key],
        other_vendor=who.other_vendor,
    )  # fmt: skip
    await audit.record("task.adjudication_wanted", "task", task_id, after={"why": why})
    facts = {"task_id": str(task_id), "slot_id": str(slot_id), "why": why}
    await outbox.publish("task.adjudication_wanted", facts, project_id=project_id, subject_id=plain_uuid(task_id))
    return True


async def _looks_withdrawn(task_id: UUID) -> bool:
    """False, and nothing is withdrawn, where somebody has one of them, or takes it at this moment."""
    waiting = await db.fetch_value(sql.open_looks, task_id=task_id)
    if waiting == 0:
        return True
    return bool(await db.execute(sql.withdraw_looks, task_id=task_id, count=waiting))
