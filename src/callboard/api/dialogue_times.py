"""What was measured while a dialogue was written: for whoever is measured, and for managers, the same figures."""

from uuid import UUID

from litestar import Response
from litestar.params import FromPath

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.assignments import AssignmentId
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.api.shapes import Items
from callboard.api.work import reply
from dialogue import telemetry
from dialogue.telemetry import TurnTimes
from routing import reports
from routing.assignments import assignment


@get(
    "/assignments/{assignment_id:uuid}/dialogue/times",
    guards=[require(Permission.WORK)],
    operation_id="readOwnTimes",
    tags=["dialogue"],
)
async def read_own(request: Call, assignment_id: AssignmentId) -> Response[Items[TurnTimes]]:
    """By turn: active seconds, how long it took to answer, pastes, edits. Also after the hold has ended."""
    holder = await visibility.holder(request.actor, assignment_id)
    await assignment(assignment_id, annotator_id=holder)
    return reply(Items(await telemetry.times_of_assignment(assignment_id)))


@get(
    "/tasks/{task_id:uuid}/dialogue/times",
    guards=[require(Permission.TASKS_LIST)],
    operation_id="readTaskTimes",
    tags=["dialogue"],
)
async def read_of_task(task_id: FromPath[UUID]) -> Response[Items[TurnTimes]]:
    """Of everybody who worked on it, hold by hold; each of them can read their own."""
    await reports.task(task_id)
    return reply(Items(await telemetry.times_of_task(task_id)))


route_handlers = [read_own, read_of_task]
