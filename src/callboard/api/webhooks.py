"""Webhooks: events told to an address, signed and in order. docs/webhooks.md shows how to receive them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.events import LARGEST, read_position
from callboard.api.paging import DEFAULT_LIMIT, Cursor, Limit, Page, check_limit, page, read_cursor
from callboard.api.request import Call
from callboard.api.routes import delete, get, patch, post
from callboard.api.shapes import Items
from callboard.api.work import NO_CONTENT, reply, unit_of_work
from callboard.webhooks import registering
from callboard.webhooks.registering import (
    WebhookChange,
    WebhookDraft,
    WebhookRotation,
    WebhookTrial,
    WebhookTryView,
    WebhookView,
)
from kernel.outbox import START

guards = [require(Permission.WEBHOOKS_WRITE)]
WebhookId = FromPath[UUID]
ONE = "/webhooks/{webhook_id:uuid}"


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    secret: str | None
    """Signs every request. Shown in this answer and never again; a replayed answer does not have it."""
    webhook: WebhookView


class WebhookReplay(msgspec.Struct, forbid_unknown_fields=True):
    cursor: Annotated[str, Meta(pattern=r"^[0-9]{1,19}-[0-9]{1,19}$")] | None = None
    """Of the feed; none: from its beginning."""


@post("/webhooks", guards=guards, operation_id="createWebhook", tags=["webhooks"])
async def create(request: Call, data: JSONBody[WebhookDraft]) -> Response[NewWebhook]:
    """It hears of what happens from now on; `replay` goes back. A vendor's hears of that vendor's people."""

    async def act() -> NewWebhook:
        view, secret = await registering.register(data, request.actor, request.settings)
        return NewWebhook(secret=secret, webhook=view)

    return await unit_of_work(request, act, status=201, stored=_without_secret)


def _without_secret(made: NewWebhook) -> NewWebhook:
    return msgspec.structs.replace(made, secret=None)


@get("/webhooks", guards=guards, operation_id="listWebhooks", tags=["webhooks"])
async def listing(request: Call) -> Response[Items[WebhookView]]:
    """Newest first, with their state and the next try; the secrets are nowhere."""
    return reply(Items(await registering.webhooks(request.actor)))


@get(ONE, guards=guards, operation_id="readWebhook", tags=["webhooks"])
async def one(request: Call, webhook_id: WebhookId) -> Response[WebhookView]:
    return reply(await registering.webhook(webhook_id, request.actor))


@get(f"{ONE}/tries", guards=guards, operation_id="listWebhookTries", tags=["webhooks"])
async def tries(
    request: Call, webhook_id: WebhookId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response[Page[WebhookTryView]]:
    """Requests and what came of them, newest first; kept for `webhook_try_days`."""
    limit = check_limit(limit, request.settings)
    before = read_cursor(cursor, Annotated[int, Meta(ge=0, le=LARGEST)])  # type: ignore[arg-type]
    rows = await registering.tries(webhook_id, request.actor, LARGEST if before is None else before, limit + 1)
    return reply(page(rows, limit, lambda row: row.id))


@patch(ONE, guards=guards, operation_id="changeWebhook", tags=["webhooks"])
async def change(request: Call, webhook_id: WebhookId, data: JSONBody[WebhookChange]) -> Response[WebhookView]:
    """Name, address and types, from the next event on; what was not taken yet goes to the new address."""
    return await unit_of_work(request, lambda: registering.change(webhook_id, data, request.actor, request.settings))


@post(f"{ONE}/rotate", guards=guards, status_code=200, operation_id="rotateWebhookSecret", tags=["webhooks"])
async def rotate(request: Call, webhook_id: WebhookId, data: JSONBody[WebhookRotation]) -> Response[NewWebhook]:
    """A new secret; for the overlap every request has two signatures, one by each."""

    async def act() -> NewWebhook:
        view, secret = await registering.rotate(webhook_id, data, request.actor, request.settings)
        return NewWebhook(secret=secret, webhook=view)

    return await unit_of_work(request, act, stored=_without_secret)


@delete(ONE, guards=guards, status_code=NO_CONTENT, operation_id="deleteWebhook", tags=["webhooks"])
async def remove(request: Call, webhook_id: WebhookId) -> Response[None]:
    """With its tries; a request under way arrives."""
    return await unit_of_work(request, lambda: registering.remove(webhook_id, request.actor), status=NO_CONTENT)


@post(f"{ONE}/pause", guards=guards, status_code=200, operation_id="pauseWebhook", tags=["webhooks"])
async def pause(request: Call, webhook_id: WebhookId) -> Response[WebhookView]:
    """What happens meanwhile is told when it is resumed."""
    return await unit_of_work(request, lambda: registering.pause(webhook_id, request.actor))


@post(f"{ONE}/resume", guards=guards, status_code=200, operation_id="resumeWebhook", tags=["webhooks"])
async def resume(request: Call, webhook_id: WebhookId) -> Response[WebhookView]:
    """Goes on from where it stood, at once; also for one that is dead, or that waits for its next try."""
    return await unit_of_work(request, lambda: registering.resume(webhook_id, request.actor))


@post(f"{ONE}/replay", guards=guards, status_code=200, operation_id="replayWebhook", tags=["webhooks"])
async def replay(request: Call, webhook_id: WebhookId, data: JSONBody[WebhookReplay]) -> Response[WebhookView]:
    """Sends everything behind the cursor again, in order; a dead one lives again, a paused one stays paused."""
    position = START if data.cursor is None else read_position(data.cursor)
    return await unit_of_work(request, lambda: registering.replay(webhook_id, request.actor, position))


@post(f"{ONE}/test", guards=guards, status_code=200, operation_id="testWebhook", tags=["webhooks"])
async def test(request: Call, webhook_id: WebhookId) -> Response[WebhookTrial]:
    """Sends `webhook.ping` now. A failure is an answer, with what was wrong."""
    return reply(await registering.ping(webhook_id, request.actor, request.settings))


route_handlers = [create, listing, one, tries, change, rotate, remove, pause, resume, replay, test]
