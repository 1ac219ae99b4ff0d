"""A task's state follows from its answers; worked out under the task's row lock, so that two endings cannot miss each other."""

from collections.abc import Iterable
from uuid import UUID

from kernel import db
from kernel.sql import load

sql = load(__package__)


async def settle(task_ids: Iterable[UUID]) -> None:
    """Locks the tasks in the order of their ids, then writes the state of each.

    NO KEY UPDATE lets foreign keys to the task pass: whoever inserts an assignment holds a key share on it already.
    The lock comes in a statement of its own: a statement that waits for a row goes on with what it counted before.
    """
    for task_id in sorted(task_ids):
        await db.execute(sql.lock_task, task_id=task_id)
        await db.execute(sql.settle_task, task_id=task_id)
