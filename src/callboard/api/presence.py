"""Who is there: said by people themselves, or by a manager with a reason."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard.access import visibility
from callboard.access.actor import Actor
from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.api.routes import get, put
from callboard.api.work import reply, unit_of_work
from routing.errors import PresenceReasonMissing
from routing.presence import PresenceView, presence, set_presence

State = Literal["available", "break", "draining", "offline"]


class PresenceWish(msgspec.Struct, forbid_unknown_fields=True):
    state: State
    reason: Annotated[str, Meta(max_length=500)] = ""
    """Required of a manager: the person reads it."""


def by_manager(actor: Actor, annotator_id: UUID, reason: str) -> bool:
    """Whether this is somebody's word about another. Programs that work on behalf speak for the person.

    Raises `PresenceReasonMissing`.
    """
    if annotator_id == actor.annotator_id or actor.may(Permission.WORK_BEHALF):
        return False
    if not reason.strip():
        raise PresenceReasonMissing
    return True


@get(
    "/annotators/{annotator_id:uuid}/presence",
    guards=[require(Permission.ANNOTATORS_READ)],
    operation_id="readPresence",
    tags=["annotators"],
)
async def read(request: Call, annotator_id: FromPath[UUID]) -> Response[PresenceView]:
    """As of now: `available` has ended by itself where there was no sign of life."""
    await visibility.check_annotator(request.actor, annotator_id)
    return reply(await presence(annotator_id, request.settings))


@put(
    "/annotators/{annotator_id:uuid}/presence",
    guards=[require(Permission.PRESENCE_WRITE)],
    operation_id="setPresence",
    tags=["annotators"],
)
async def change(request: Call, annotator_id: FromPath[UUID], data: JSONBody[PresenceWish]) -> Response[PresenceView]:
    """`break` and `draining` take nothing new; `offline` does with the next pull. What is held keeps its lease."""

    async def act() -> PresenceView:
        await visibility.check_annotator(request.actor, annotator_id)
        other = by_manager(request.actor, annotator_id, data.reason)
        return await set_presence(
            annotator_id, data.state, request.settings, reason=data.reason.strip(), by_manager=other
        )

    return await unit_of_work(request, act)


route_handlers = [read, change]
