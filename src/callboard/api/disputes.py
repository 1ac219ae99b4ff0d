"""Disputes: an author's word against a verdict, and who decides it."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody, QueryParameter

from callboard.access import visibility
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.paging import DEFAULT_LIMIT, Limit, check_limit
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from routing import disputes
from routing.disputes import DisputeDecision, DisputeDraft, DisputeView
from routing.overturn import Overturned

WORK, DECIDE = Permission.WORK, Permission.VERDICTS_WRITE


class DisputeOpened(msgspec.Struct, frozen=True):
    id: UUID


class DisputeWithdrawn(msgspec.Struct, frozen=True):
    id: UUID
    state: str = "withdrawn"


@post("/verdicts/{verdict_id:uuid}/dispute", guards=[require(WORK)], operation_id="disputeVerdict", tags=["reviews"])
async def open_one(request: Call, verdict_id: FromPath[UUID], data: JSONBody[DisputeDraft]) -> Response[DisputeOpened]:
    """By the author of the work, within the window, once; a different person decides by a date."""

    async def act() -> DisputeOpened:
        author = await visibility.worker(request.actor, None)
        return DisputeOpened(await disputes.open_dispute(verdict_id, author, data, request.settings))

    return await unit_of_work(request, act, status=201)


@post(
    "/disputes/{dispute_id:uuid}/withdraw", guards=[require(WORK)], status_code=200, operation_id="withdrawDispute",
    tags=["reviews"],
)  # fmt: skip
async def withdraw(request: Call, dispute_id: FromPath[UUID]) -> Response[DisputeWithdrawn]:
    """By whoever opened it; the verdict stays."""

    async def act() -> DisputeWithdrawn:
        await disputes.withdraw(dispute_id, await visibility.worker(request.actor, None))
        return DisputeWithdrawn(dispute_id)

    return await unit_of_work(request, act)


@post(
    "/disputes/{dispute_id:uuid}/decide", guards=[require(DECIDE)], status_code=200, operation_id="decideDispute",
    tags=["reviews"],
)  # fmt: skip
async def decide(request: Call, dispute_id: FromPath[UUID], data: JSONBody[DisputeDecision]) -> Response[Overturned]:
    """Never by the author or anybody who reviewed the work, nor by somebody less able in the domain than the reviewer."""

    async def act() -> Overturned:
        by = await visibility.annotator_behind(request.actor)
        return await disputes.decide(dispute_id, data, by=by, settings=request.settings)

    return await unit_of_work(request, act)


@get("/disputes", guards=[require(DECIDE)], operation_id="listDisputes", tags=["reviews"])
async def list_all(
    request: Call,
    wanted: Annotated[Literal["open", "upheld", "overturned", "withdrawn"] | None, QueryParameter(name="state")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response[Items[DisputeView]]:
    """Open ones by their date, then the others, newest first."""
    limit = check_limit(limit, request.settings)
    return reply(Items(await disputes.disputes(state=wanted, limit=limit)))


route_handlers = [open_one, withdraw, decide, list_all]
