"""Server-sent events: the feed as it grows, for programs and pages."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from litestar.response import Stream

from callboard.access.guards import authenticate_again
from callboard.access.permissions import Permission
from callboard.api.request import Call
from callboard.live import Hub, Subscription, concerns
from kernel import outbox
from kernel.clock import monotonic
from kernel.errors import Unauthenticated
from kernel.outbox import EventRow, Position

CATCH_UP_BATCH = 500
NUDGE_SECONDS = 0.5
"""Pages fetch themselves anew upon a nudge; they need no more of them."""
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
PING = b"event: ping\ndata: {}\n\n"
FIRST = b"retry: 2000\n\n"


def stream(parts: AsyncIterator[bytes]) -> Stream:
    return Stream(parts, media_type="text/event-stream", headers=HEADERS)


def message(event: EventRow) -> bytes:
    data = msgspec.json.encode(
        {"id": event.id, "type": event.type, "project_id": event.project_id, "subject_id": event.subject_id,
         "data": event.data, "occurred_at": event.occurred_at}
    )  # fmt: skip
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event.position.text().encode(), event.type.encode(), data)


async def events(request: Call, hub: Hub, after: Position | None) -> AsyncIterator[bytes]:
    """First what happened after the last one that the reader saw, then whatever happens. Ends with the sign-in."""
    with hub.subscribed(request.actor) as mine:
        yield FIRST
        seen = after
        if after is not None:
            async for event in _missed(request, after):
                if event is None:
                    yield b"event: reset\ndata: {}\n\n"
                    break
                seen = event.position
                if concerns(event, request.actor):
                    yield message(event)
        async for event in _coming(request, mine):
            if event is None:
                yield PING
            elif seen is None or event.position > seen:
                yield message(event)


async def nudges(request: Call, hub: Hub) -> AsyncIterator[bytes]:
    """Says that something changed, and nothing of it: `queue` for people at work, `floor` for managers."""
    names = [b"queue"] if request.actor.may(Permission.WORK) else []
    names += [b"floor"] if request.actor.may(Permission.REPORTS_READ) else []
    parts = b"".join(b"event: %b\ndata: {}\n\n" % name for name in names)
    with hub.subscribed(request.actor, nudges=True) as mine:
        yield FIRST
        async for event in _coming(request, mine):
            yield PING if event is None else parts
            if event is not None:
                await asyncio.sleep(NUDGE_SECONDS)


async def _missed(request: Call, after: Position) -> AsyncIterator[EventRow | None]:
    """Events after a position; `None` when there are more than a stream should replay: the reader starts anew."""
    budget = request.settings.event_scan_rows
    while budget > 0:
        found = await outbox.events_after(after, min(CATCH_UP_BATCH, budget))
        for event in found:
            yield event
        if len(found) < CATCH_UP_BATCH:
            return
        after, budget = found[-1].position, budget - len(found)
    yield None


async def _coming(request: Call, mine: Subscription) -> AsyncIterator[EventRow | None]:
    """Events, and `None` when it is time for a ping; at its end the reader is no longer allowed or the site stops."""
    ping_seconds = request.settings.stream_ping_seconds
    ping_at = monotonic() + ping_seconds
    while True:
        left = ping_at - monotonic()
        if left <= 0:
            if not await _still_allowed(request):
                return
            ping_at = monotonic() + ping_seconds
            yield None
            continue
        try:
            event = await asyncio.wait_for(mine.queue.get(), left)
        except TimeoutError:
            continue
        if event is None:
            return
        yield event


async def _still_allowed(request: Call) -> bool:
    """Whether the session or token lives: whoever signed out or was switched off hears no more."""
    try:
        actor = await authenticate_again(request)
    except Unauthenticated:
        return False
    return actor is not None and actor.may(Permission.EVENTS_READ)
