"""The feed of what happened: to be read page by page, or as it grows."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import QueryParameter
from litestar.response import Stream

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api import stream as streams
from callboard.api.paging import DEFAULT_LIMIT, Limit, check_limit
from callboard.api.request import Call
from callboard.api.routes import get
from callboard.api.work import reply
from callboard.errors import BadCursor
from callboard.live import Hub, concerns
from kernel import outbox
from kernel.outbox import START, EventRow, Position

LARGEST = 2**63 - 1
FeedCursor = Annotated[str | None, QueryParameter(pattern=r"^[0-9]{1,19}-[0-9]{1,19}$")]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    type: str
    project_id: UUID | None
    subject_id: UUID | None
    data: dict[str, Any]
    occurred_at: datetime


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Event]
    next_cursor: str
    """Where to go on; also at the end of the feed, to ask again later."""
    more: bool
    """Whether asking again at once is worth it."""


def read_position(text: str) -> Position:
    """Raises `BadCursor`."""
    xid, _, seq = text.partition("-")
    if not (xid.isascii() and xid.isdigit() and seq.isascii() and seq.isdigit()):
        raise BadCursor
    position = Position(int(xid), int(seq))
    if max(position) > LARGEST:
        raise BadCursor
    return position


def _outward(event: EventRow) -> Event:
    return Event(
        id=event.id, type=event.type, project_id=event.project_id, subject_id=event.subject_id, data=event.data,
        occurred_at=event.occurred_at,
    )  # fmt: skip


@get("/events", guards=[require(Permission.EVENTS_READ)], operation_id="readEvents", tags=["events"])
async def read_events(request: Call, cursor: FeedCursor = None, limit: Limit = DEFAULT_LIMIT) -> Response[Feed]:
    """Events after the cursor, oldest first; what was once returned stays before everything that comes later.

    Whoever may see only some events may get a page without items that still moves the cursor on.
    """
    limit, actor = check_limit(limit, request.settings), request.actor
    position = START if cursor is None else read_position(cursor)
    scan = limit if actor.sees_everybody else max(limit, request.settings.event_scan_rows)
    rows = await outbox.events_after(position, scan)
    items: list[Event] = []
    for row in rows:
        position = row.position
        if concerns(row, actor):
            items.append(_outward(row))
            if len(items) == limit:
                break
    more = len(items) == limit or len(rows) == scan
    return reply(Feed(items=items, next_cursor=position.text(), more=more))


@get("/events/stream", guards=[require(Permission.EVENTS_READ)], operation_id="streamEvents", tags=["events"])
async def stream_events(request: Call, cursor: FeedCursor = None) -> Stream:
    """Server-sent events: one message per event, its `id` is the cursor; `ping` every 15 seconds.

    `Last-Event-ID`, which browsers send by themselves after a break, or `cursor` replays what was missed. A `reset`
    message says that too much was missed: read the feed instead.
    """
    hub: Hub = request.app.state.hub
    last = request.headers.get("last-event-id") or cursor
    after = None if last is None else read_position(last)
    hub.check_room(request.actor)
    return streams.stream(streams.events(request, hub, after))


@get("/live", guards=[require(Permission.EVENTS_READ)], include_in_schema=False)
async def live(request: Call) -> Stream:
    """For our own pages: says that something changed, and they fetch themselves anew."""
    hub: Hub = request.app.state.hub
    hub.check_room(request.actor)
    return streams.stream(streams.nudges(request, hub))


route_handlers = [read_events, stream_events]
page_handlers = [live]
