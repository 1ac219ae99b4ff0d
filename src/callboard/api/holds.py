"""Reviewers who are held because their rejections jumped past the control limit."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import get, post
from callboard.api.shapes import Items
from callboard.api.work import reply, unit_of_work
from routing import holds
from routing.holds import HoldView

DECIDE = Permission.VERDICTS_WRITE


class HoldLift(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]


@get("/review-holds", guards=[require(DECIDE)], operation_id="listReviewHolds", tags=["reviews"])
async def list_all() -> Response[Items[HoldView]]:
    """What is in force first; `waiting` are the verdicts whose second look decides."""
    return reply(Items(await holds.holds()))


@post(
    "/review-holds/{hold_id:uuid}/lift", guards=[require(DECIDE)], status_code=200, operation_id="liftReviewHold",
    tags=["reviews"],
)  # fmt: skip
async def lift(request: Call, hold_id: FromPath[UUID], data: JSONBody[HoldLift]) -> Response[HoldView]:
    """Their rejections are taken again; those before count as they were decided."""
    return await unit_of_work(request, lambda: holds.lift(hold_id, data.reason))


route_handlers = [list_all, lift]
