"""Webhooks for managers: which there are and how they are, what each was sent, and a hand on them."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter

from callboard.access.guards import require
from callboard.access.permissions import Permission
from callboard.api.events import LARGEST, read_position
from callboard.api.request import Call
from callboard.pages.frame import Form, page, redirect
from callboard.pages.registry import read
from callboard.pages.views_webhooks import WebhookMade, WebhookPage, WebhooksView, WebhookTried
from callboard.webhooks import registering
from callboard.webhooks.registering import WebhookChange, WebhookDraft, WebhookRotation
from kernel import db
from kernel.outbox import START

guards = [require(Permission.WEBHOOKS_WRITE)]
WebhookId = FromPath[UUID]
ONE = "/webhooks/{webhook_id:uuid}"
SHOWN = 50
DONE = ("changed", "paused", "resumed", "replayed")


@get("/webhooks", guards=guards, include_in_schema=False)
async def show(request: Call) -> Response[str]:
    settings = request.settings
    return page(request, "webhooks.html", WebhooksView(
        webhooks=await registering.webhooks(request.actor), most=settings.webhooks_limit,
        attempts=settings.webhook_attempts,
    ))  # fmt: skip


@post("/webhooks", guards=guards, status_code=200, include_in_schema=False)
async def make(request: Call) -> Response[str]:
    """The answer is the only one with the secret."""
    form = await Form.of(request)
    draft = read(WebhookDraft, _fields(form))
    async with db.transaction(request.actor.label):
        view, secret = await registering.register(draft, request.actor, request.settings)
    return page(request, "webhooks/made.html", WebhookMade(webhook=view, secret=secret))


def _fields(form: Form) -> dict[str, object]:
    types = form.text("types").replace(",", " ").split()
    return {"name": form.text("name", 120).strip(), "url": form.text("url", 500).strip(), "types": types}


@post(f"{ONE}/change", guards=guards, status_code=200, include_in_schema=False)
async def change(request: Call, webhook_id: WebhookId) -> Response[str]:
    wish = read(WebhookChange, _fields(await Form.of(request)))
    async with db.transaction(request.actor.label):
        await registering.change(webhook_id, wish, request.actor, request.settings)
    return redirect(request, f"/webhooks/{webhook_id}?done=changed")


@post(f"{ONE}/rotate", guards=guards, status_code=200, include_in_schema=False)
async def rotate(request: Call, webhook_id: WebhookId) -> Response[str]:
    """The answer is the only one with the secret."""
    hours = (await Form.of(request)).text("overlap_hours", 3).strip()
    wish = read(WebhookRotation, {"overlap_hours": int(hours) if hours.isdecimal() else hours})
    async with db.transaction(request.actor.label):
        view, secret = await registering.rotate(webhook_id, wish, request.actor, request.settings)
    return page(request, "webhooks/made.html", WebhookMade(webhook=view, secret=secret, rotated=True))


@get(ONE, guards=guards, include_in_schema=False)
async def one(
    request: Call, webhook_id: WebhookId, before: Annotated[int | None, QueryParameter(ge=0, le=LARGEST)] = None
) -> Response[str]:
    settings, done = request.settings, request.query_params.get("done", "")
    view = await registering.webhook(webhook_id, request.actor)
    tries = await registering.tries(webhook_id, request.actor, LARGEST if before is None else before, SHOWN + 1)
    return page(request, "webhook.html", WebhookPage(
        webhook=view, tries=tries[:SHOWN], attempts=settings.webhook_attempts, days=settings.webhook_try_days,
        older=tries[SHOWN - 1].id if len(tries) > SHOWN else None, done=done if done in DONE else "",
    ))  # fmt: skip


@post(f"{ONE}/pause", guards=guards, status_code=200, include_in_schema=False)
async def pause(request: Call, webhook_id: WebhookId) -> Response[str]:
    async with db.transaction(request.actor.label):
        await registering.pause(webhook_id, request.actor)
    return redirect(request, f"/webhooks/{webhook_id}?done=paused")


@post(f"{ONE}/resume", guards=guards, status_code=200, include_in_schema=False)
async def resume(request: Call, webhook_id: WebhookId) -> Response[str]:
    async with db.transaction(request.actor.label):
        await registering.resume(webhook_id, request.actor)
    return redirect(request, f"/webhooks/{webhook_id}?done=resumed")


@post(f"{ONE}/replay", guards=guards, status_code=200, include_in_schema=False)
async def replay(request: Call, webhook_id: WebhookId) -> Response[str]:
    """From the cursor in the form; an empty one is the feed's beginning."""
    cursor = (await Form.of(request)).text("cursor", 39).strip()
    position = read_position(cursor) if cursor else START
    async with db.transaction(request.actor.label):
        await registering.replay(webhook_id, request.actor, position)
    return redirect(request, f"/webhooks/{webhook_id}?done=replayed")


@post(f"{ONE}/test", guards=guards, status_code=200, include_in_schema=False)
async def test(request: Call, webhook_id: WebhookId) -> Response[str]:
    trial = await registering.ping(webhook_id, request.actor, request.settings)
    return page(request, "webhooks/trial.html", WebhookTried(trial=trial))


@post(f"{ONE}/delete", guards=guards, status_code=200, include_in_schema=False)
async def delete(request: Call, webhook_id: WebhookId) -> Response[str]:
    async with db.transaction(request.actor.label):
        await registering.remove(webhook_id, request.actor)
    return redirect(request, "/webhooks")


route_handlers = [show, make, one, change, rotate, pause, resume, replay, test, delete]
