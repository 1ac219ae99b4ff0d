"""What is said about a task while it is held: more time is needed, something is wrong with it; and a manager's answer."""

from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.assignments import AssignmentId, Epoch
from callboard.api.request import Call
from callboard.api.routes import post
from callboard.api.shapes import Assignment, outward
from callboard.api.work import NO_CONTENT, unit_of_work
from routing import pleas
from routing.assignments import assignment

HERE = "/assignments/{assignment_id:uuid}"
Why = Annotated[str, Meta(min_length=1, max_length=pleas.REASON_CHARACTERS)]
Minutes = Annotated[int, Meta(ge=pleas.MINUTES[0], le=pleas.MINUTES[-1])]


class ExtensionWish(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    minutes: Minutes
    reason: Why


class Trouble(msgspec.Struct, forbid_unknown_fields=True):
    epoch: Epoch
    reason: Why
    keep: bool = True
    """False: the task goes back as well, and does not come to this person again."""


class Extension(msgspec.Struct, forbid_unknown_fields=True):
    minutes: Minutes
    reason: Why


@post(
    f"{HERE}/extension", guards=[require(Permission.WORK)], status_code=NO_CONTENT,
    operation_id="askExtension", tags=["work"],
)  # fmt: skip
async def ask(request: Call, assignment_id: AssignmentId, data: JSONBody[ExtensionWish]) -> Response[None]:
    """A wish for more time. It moves no clock: managers read it in the task's history and the feed, and may grant it."""

    async def act() -> None:
        holder = await visibility.holder(request.actor, assignment_id)
        await pleas.ask_extension(assignment_id, holder, data.epoch, minutes=data.minutes, reason=data.reason)

    return await unit_of_work(request, act, status=NO_CONTENT)


@post(
    f"{HERE}/trouble", guards=[require(Permission.WORK)], status_code=NO_CONTENT,
    operation_id="reportTrouble", tags=["work"],
)  # fmt: skip
async def trouble(request: Call, assignment_id: AssignmentId, data: JSONBody[Trouble]) -> Response[None]:
    """Something is wrong with the task itself: told to the managers, and kept or given back."""

    async def act() -> None:
        holder = await visibility.holder(request.actor, assignment_id)
        await pleas.report_trouble(
            assignment_id, holder, data.epoch, request.settings, reason=data.reason, keep=data.keep
        )

    return await unit_of_work(request, act, status=NO_CONTENT)


@post(
    f"{HERE}/extend", guards=[require(Permission.ASSIGNMENTS_WRITE)], status_code=200,
    operation_id="extendDeadline", tags=["work"],
)  # fmt: skip
async def extend(request: Call, assignment_id: AssignmentId, data: JSONBody[Extension]) -> Response[Assignment]:
    """Moves the deadline of a live hold, asked or not. Each call adds its minutes, unless it has an Idempotency-Key."""

    async def act() -> Assignment:
        held = await assignment(assignment_id)
        await pleas.extend(held.task_id, assignment_id, minutes=data.minutes, reason=data.reason)
        return await outward(await assignment(assignment_id))

    return await unit_of_work(request, act)


route_handlers = [ask, trouble, extend]
