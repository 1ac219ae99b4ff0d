"""A manager's hand: tasks given to somebody, taken back, moved on."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Assignment, Items, outward
from callboard.api.work import NO_CONTENT, reply, unit_of_work
from routing import by_hand
from routing.by_hand import Candidate

WRITE = [require(Permission.ASSIGNMENTS_WRITE)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Override = Annotated[list[Literal["preference", "ladder", "cap"]], Meta(max_length=3)]
AssignmentId = FromPath[UUID]


class Giving(msgspec.Struct, forbid_unknown_fields=True):
    annotator_id: UUID
    reason: Reason
    override: Override = []
    """What is passed over: wishes, waits and caps, never a requirement."""


class TakingBack(msgspec.Struct, forbid_unknown_fields=True):
    reason: Reason


@get("/tasks/{task_id:uuid}/assignable", guards=WRITE, operation_id="listAssignable", tags=["tasks"])
async def candidates(
    request: Call,
    task_id: FromPath[UUID],
    q: Annotated[str, QueryParameter(max_length=80)] = "",
    limit: FromQuery[int] = by_hand.MOST_PICKED,
) -> Response[Items[Candidate]]:
    """Up to 50 people whom it could be given to, the best first; then the others, with what keeps them."""
    return reply(Items(await by_hand.candidates(task_id, request.settings, q=q, limit=max(1, limit))))


@post("/tasks/{task_id:uuid}/assign", guards=WRITE, status_code=201, operation_id="assignTask", tags=["tasks"])
async def assign(request: Call, task_id: FromPath[UUID], data: JSONBody[Giving]) -> Response[Assignment]:
    """Like a claim by that person: same requirements, price, budget and lease. `not_eligible` names every failure."""

    async def act() -> Assignment:
        return await outward(
            await by_hand.assign(
                task_id, data.annotator_id, request.settings, reason=data.reason, override=data.override
            )
        )

    return await unit_of_work(request, act, status=201)


@post(
    "/assignments/{assignment_id:uuid}/take-back",
    guards=WRITE,
    status_code=NO_CONTENT,
    operation_id="takeBack",
    tags=["work"],
)
async def take_back(request: Call, assignment_id: AssignmentId, data: JSONBody[TakingBack]) -> Response[None]:
    """Back to the pool; the draft is kept, and the person reads the reason."""

    async def act() -> None:
        await by_hand.take_back(assignment_id, request.settings, reason=data.reason)

    return await unit_of_work(request, act, status=NO_CONTENT)


@post(
    "/assignments/{assignment_id:uuid}/reassign",
    guards=WRITE,
    status_code=201,
    operation_id="reassign",
    tags=["work"],
)
async def reassign(request: Call, assignment_id: AssignmentId, data: JSONBody[Giving]) -> Response[Assignment]:
    """Taken from one and given to another in one step, or not at all."""

    async def act() -> Assignment:
        return await outward(
            await by_hand.reassign(
                assignment_id, data.annotator_id, request.settings, reason=data.reason, override=data.override
            )
        )

    return await unit_of_work(request, act, status=201)


route_handlers = [candidates, assign, take_back, reassign]
