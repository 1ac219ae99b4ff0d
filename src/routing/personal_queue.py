"""What somebody holds, in the order in which they mean to do it."""

from collections.abc import Sequence
from uuid import UUID

from kernel import db
from kernel.sql import load
from routing.assignments import AssignmentView, named_assignments
from routing.errors import NotHeld

sql = load(__package__)
MOST_HELD = 50


async def order_of(annotator_id: UUID) -> list[UUID]:
    return [UUID(int=row["id"].int) for row in await db.fetch(sql.queue_of, annotator_id=annotator_id)]


async def held_in_order(annotator_id: UUID) -> list[AssignmentView]:
    """What is live in the books, lapsed or not."""
    order = await order_of(annotator_id)
    views = {view.id: view for view in await named_assignments(order)} if order else {}
    return [views[one] for one in order if one in views]


async def reorder(annotator_id: UUID, first: Sequence[UUID]) -> list[UUID]:
    """These first, in this order; what is not named follows as it was. Raises `NotHeld`."""
    db.require_transaction()
    await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    now = await order_of(annotator_id)
    wanted = list(dict.fromkeys(first))
    if set(wanted) - set(now):
        raise NotHeld("One of these is not in this person's hands any more; read the queue again.")
    order = wanted + [one for one in now if one not in wanted]
    await db.execute(sql.order_queue, annotator_id=annotator_id, ids=order)
    return order


async def move(annotator_id: UUID, assignment_id: UUID, by: int) -> list[UUID]:
    """One place up (-1) or down (1). Raises `NotHeld`."""
    db.require_transaction()
    await db.fetch_one(sql.lock_holder, annotator_id=annotator_id)
    order = await order_of(annotator_id)
    if assignment_id not in order:
        raise NotHeld
    at = order.index(assignment_id)
    order.insert(max(0, min(len(order) - 1, at + by)), order.pop(at))
    await db.execute(sql.order_queue, annotator_id=annotator_id, ids=order)
    return order
