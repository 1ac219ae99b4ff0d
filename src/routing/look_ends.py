"""How work that was handed in, and a look, ends: the place is done, the hold is over, and somebody's hands are free."""

from kernel import db
from kernel.settings import Settings
from kernel.sql import load
from routing import leases
from routing.errors import LeaseLost

sql = load(__package__)
LAST_STAGE, ADJUDICATION, MEASURED = 5, 6, 7
"""Stages of places for looks: plans of review have up to five; who decides between answers stands after them, and so do
looks that decide nothing."""


async def end_hold(mine: leases.LiveAssignment, settings: Settings, *, late: bool = False) -> None:
    """`late`: the lease had lapsed, and the hands were free before. Raises `LeaseLost`."""
    db.require_transaction()
    if not await db.execute(sql.finish_slot, slot_id=mine.slot_id, assignment_id=mine.id, epoch=mine.epoch):
        raise LeaseLost
    await db.execute(
        sql.end_assignment,
        assignment_id=mine.id,
        state="submitted",
        reason=None,
        idle_cut_seconds=settings.heartbeat_idle_cut_seconds,
        idle_minutes=settings.presence_idle_minutes,
    )
    if not late:
        await db.execute(sql.add_worked, annotator_id=mine.annotator_id, difference=-mine.cost, lane_id=mine.lane_id)
