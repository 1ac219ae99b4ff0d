"""Webhooks made, listed, changed, paused, woken, replayed, tried and deleted by those who may see them."""

import re
import secrets
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callboard.access.actor import Actor
from callboard.webhooks import sending
from callboard.webhooks.courier import context, opened
from callboard.webhooks.errors import BadEventType, NoSuchWebhook, TooManyWebhooks, WebhookNotRunning
from callboard.webhooks.sending import Fault
from kernel import audit, db, outbox
from kernel.ids import uuid7
from kernel.outbox import Position
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load

sql = load("callboard.webhooks")
SECRET_BYTES = 32
MOST_TYPES = 50
MOST_OVERLAP_HOURS = 168
NOBODY = UUID(int=0)
_TYPE = re.compile(r"[a-z][a-z_]{0,39}\.([a-z][a-z_]{0,39}|\*)")

WebhookState = Literal["active", "paused", "dead"]


Name = Annotated[str, Meta(min_length=1, max_length=120)]
Address = Annotated[str, Meta(min_length=1, max_length=500)]
Types = Annotated[list[Annotated[str, Meta(max_length=80)]], Meta(max_length=MOST_TYPES)]


class WebhookDraft(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    url: Address
    """https; http only on hosts that `webhook_private_hosts` names."""
    types: Types = []
    """Such as `task.accepted`, or `task.*`; none: everything that the account may read in the feed."""


class WebhookChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is not named stays."""

    name: Name | UnsetType = UNSET
    url: Address | UnsetType = UNSET
    types: Types | UnsetType = UNSET


class WebhookRotation(msgspec.Struct, forbid_unknown_fields=True):
    overlap_hours: Annotated[int, Meta(ge=0, le=MOST_OVERLAP_HOURS)] = 24
    """For which the secret of before signs as well; 0: it ends at once."""


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    url: str
    types: list[str]
    vendor_id: UUID | None
    """Whose people's events it hears; none: everybody's."""
    state: WebhookState
    cursor: str
    """Of the feed, behind the last event that it has taken."""
    failures: int
    """In a row."""
    last_status: int | None
    last_fault: Fault | None
    last_tried_at: datetime | None
    delivered_at: datetime | None
    next_try_at: datetime | None
    """Where the last try failed."""
    old_secret_until: datetime | None
    """Until when the secret of before signs as well; none: only one does."""
    created_at: datetime


class WebhookTryView(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    event_id: UUID
    event_type: str
    cursor: str
    """Before the event's own place, so that a replay from here begins with this event."""
    n: int
    status: int | None
    fault: Fault | None
    took_ms: int
    at: datetime


class WebhookTrial(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    status: int | None
    fault: Fault | None
    took_ms: int


def _reach(actor: Actor) -> UUID | None:
    """The vendor to whose webhooks the actor is bound; none: all webhooks."""
    return None if actor.sees_everybody else actor.vendor_id or NOBODY


def check_types(types: list[str]) -> list[str]:
    """Sorted, each once. Raises `BadEventType`."""
    wrong = [one for one in types if not _TYPE.fullmatch(one)]
    if wrong:
        raise BadEventType(
            f"{wrong[0]!r} is no event type; write for example task.accepted, or task.* for all of a noun."
        )
    return sorted(set(types))


async def register(draft: WebhookDraft, actor: Actor, settings: Settings) -> tuple[WebhookView, str]:
    """With its secret, which nobody can read again. It hears of what happens from now on.

    Raises `AddressRefused`, `BadEventType`, `TooManyWebhooks`.
    """
    db.require_transaction()
    sending.check_address(draft.url, settings)
    types = check_types(draft.types)
    if await db.fetch_value(sql.count_webhooks) >= settings.webhooks_limit:
        raise TooManyWebhooks
    webhook_id, secret = uuid7(), _fresh_secret()
    position = await outbox.newest_position()
    await db.execute(
        sql.insert_webhook, id=webhook_id, name=draft.name, url=draft.url, types=db.jsonb(types), vendor_id=_reach(actor),
        secret=keyring(settings).seal(secret.encode(), context(webhook_id)), xid=position.xid, seq=position.seq,
    )  # fmt: skip
    view = await webhook(webhook_id, actor)
    await audit.record(
        "webhook.made", "webhook", webhook_id, after={"name": view.name, "url": view.url, "types": view.types}
    )
    return view, secret


def _fresh_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(SECRET_BYTES)}"


async def change(webhook_id: UUID, wish: WebhookChange, actor: Actor, settings: Settings) -> WebhookView:
    """From the next event on, or for the one that was not taken yet; a paused or dead one stays so.

    Raises `AddressRefused`, `BadEventType`, `NoSuchWebhook`.
    """
    db.require_transaction()
    before = await webhook(webhook_id, actor)
    given = {"name": before.name, "url": before.url, "types": before.types}
    wanted = given | {name: value for name, value in msgspec.structs.asdict(wish).items() if value is not UNSET}
    if wanted["url"] != before.url:
        sending.check_address(wanted["url"], settings)
    wanted["types"] = check_types(wanted["types"])
    if wanted == given:
        return before
    values = wanted | {"types": db.jsonb(wanted["types"])}
    await db.fetch_value(sql.change_webhook, id=webhook_id, vendor_id=_reach(actor), **values)
    await audit.record("webhook.changed", "webhook", webhook_id, before=given, after=wanted)
    return await webhook(webhook_id, actor)


async def rotate(webhook_id: UUID, wish: WebhookRotation, actor: Actor, settings: Settings) -> tuple[WebhookView, str]:
    """With the new secret, which nobody can read again; of an earlier overlap nothing is left. Raises `NoSuchWebhook`."""
    db.require_transaction()
    secret = _fresh_secret()
    found = await db.fetch_value(
        sql.rotate_webhook_secret, id=webhook_id, vendor_id=_reach(actor), hours=wish.overlap_hours,
        secret=keyring(settings).seal(secret.encode(), context(webhook_id)),
    )  # fmt: skip
    if found is None:
        raise NoSuchWebhook
    await audit.record("webhook.secret_rotated", "webhook", webhook_id, after={"overlap_hours": wish.overlap_hours})
    return await webhook(webhook_id, actor), secret


def _view(row: Any) -> WebhookView:
    values = dict(row)
    values["cursor"] = Position(values.pop("position_xid"), values.pop("position_seq")).text()
    return db.as_struct(WebhookView, values)


async def webhooks(actor: Actor) -> list[WebhookView]:
    """Newest first; as many as `webhooks_limit` at most."""
    return [_view(row) for row in await db.fetch(sql.webhooks, vendor_id=_reach(actor), id=None)]


async def webhook(webhook_id: UUID, actor: Actor) -> WebhookView:
    """Raises `NoSuchWebhook`."""
    row = await db.fetch_one(sql.webhooks, vendor_id=_reach(actor), id=webhook_id)
    if row is None:
        raise NoSuchWebhook
    return _view(row)


async def tries(webhook_id: UUID, actor: Actor, before: int, limit: int) -> list[WebhookTryView]:
    """Newest first. Raises `NoSuchWebhook`."""
    await webhook(webhook_id, actor)
    found = []
    for row in await db.fetch(sql.webhook_tries, webhook_id=webhook_id, before=before, limit=limit):
        values = dict(row)
        values["cursor"] = Position(values.pop("event_xid"), max(values.pop("event_seq") - 1, 0)).text()
        found.append(db.as_struct(WebhookTryView, values))
    return found


async def pause(webhook_id: UUID, actor: Actor) -> WebhookView:
    """What happens meanwhile is told when it is resumed. Raises `NoSuchWebhook`, `WebhookNotRunning`."""
    return await _change(webhook_id, actor, "paused", ["active"])


async def resume(webhook_id: UUID, actor: Actor) -> WebhookView:
    """From where it stood, at once: also one that is dead, or that waits for its next try. Raises `NoSuchWebhook`."""
    return await _change(webhook_id, actor, "active", ["paused", "dead", "active"])


async def _change(webhook_id: UUID, actor: Actor, state: WebhookState, from_states: list[str]) -> WebhookView:
    db.require_transaction()
    before = await webhook(webhook_id, actor)
    done = await db.fetch_value(
        sql.change_webhook_state, id=webhook_id, vendor_id=_reach(actor), state=state, from_states=from_states
    )
    if done is None:
        raise WebhookNotRunning
    what = "webhook.paused" if state == "paused" else "webhook.resumed"
    await audit.record(what, "webhook", webhook_id, before={"state": before.state}, after={"state": state})
    return await webhook(webhook_id, actor)


async def replay(webhook_id: UUID, actor: Actor, position: Position) -> WebhookView:
    """Everything behind the position again, in order. Raises `NoSuchWebhook`."""
    db.require_transaction()
    before = await webhook(webhook_id, actor)
    await db.fetch_value(sql.replay_webhook, id=webhook_id, vendor_id=_reach(actor), xid=position.xid, seq=position.seq)
    await audit.record(
        "webhook.replayed", "webhook", webhook_id, before={"cursor": before.cursor}, after={"cursor": position.text()}
    )
    return await webhook(webhook_id, actor)


async def remove(webhook_id: UUID, actor: Actor) -> None:
    """Raises `NoSuchWebhook`."""
    db.require_transaction()
    name = await db.fetch_value(sql.delete_webhook, id=webhook_id, vendor_id=_reach(actor))
    if name is None:
        raise NoSuchWebhook
    await audit.record("webhook.deleted", "webhook", webhook_id, before={"name": name})


async def ping(webhook_id: UUID, actor: Actor, settings: Settings) -> WebhookTrial:
    """Sends `webhook.ping` now, in no order with events; counts neither as a delivery nor as a failure.

    Raises `NoSuchWebhook`, `ConfigurationError` where the secret cannot be opened.
    """
    row = await db.fetch_one(sql.webhook_secret, id=webhook_id, vendor_id=_reach(actor))
    if row is None:
        raise NoSuchWebhook
    signing = opened(webhook_id, row["secret_sealed"], row["old_secret_sealed"], settings)
    outcome = await sending.send(row["url"], signing, sending.ping(), settings)
    return WebhookTrial(ok=outcome.fault is None, status=outcome.status, fault=outcome.fault, took_ms=outcome.took_ms)


async def tidy(settings: Settings) -> None:
    await db.execute(sql.tidy_webhooks, days=settings.webhook_try_days)
    await db.execute(sql.forget_old_secrets)
