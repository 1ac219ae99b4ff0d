"""Carries events to webhooks, each in the feed's order: an event is passed on once the one before it was taken.

It runs beside the relay, and not as a job: a job holds its transaction while it works, and the feed ends for everybody
before the oldest running transaction. Here no transaction is open while an answer is awaited. A process that dies after
an answer and before it is noted sends the event again: at least once.
"""

import asyncio
import contextlib
import random
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from msgspec import Struct

from callboard.webhooks.sending import Outcome, send
from kernel import db, outbox
from kernel.clock import monotonic
from kernel.errors import ConfigurationError
from kernel.ids import uuid7
from kernel.outbound import Resolve
from kernel.outbox import EventRow, Position
from kernel.secrets import keyring
from kernel.settings import Settings
from kernel.sql import load

sql = load("callboard.webhooks")
log = structlog.get_logger(__name__)

ACTOR = "system:webhooks"
LEASE_SPARE_SECONDS = 20.0
"""Of a lease beyond the longest request: what the database may take to note its end."""

TURN_SECONDS = 10.0
"""After which a webhook with a long backlog makes way for others."""

JITTER = 0.1
"""Most that is added to a wait, as a share of it, so that receivers that fell together are not all asked together."""


class Held(Struct, frozen=True):
    """A webhook while this process serves it."""

    id: UUID
    url: str
    types: list[str]
    vendor_id: UUID | None
    secret_sealed: bytes
    old_secret_sealed: bytes | None
    """While it signs as well."""
    position_xid: int
    position_seq: int
    revision: int
    failures: int

    def hears(self, event: EventRow) -> bool:
        """A vendor's hears what the vendor's managers read in the feed: what its own people do."""
        if self.vendor_id is not None and event.vendor_id != self.vendor_id:
            return False
        return not self.types or event.type in self.types or f"{event.type.partition('.')[0]}.*" in self.types


def context(webhook_id: UUID) -> bytes:
    """What the sealed secret belongs to."""
    return b"webhook " + webhook_id.bytes


def opened(webhook_id: UUID, sealed: bytes, old_sealed: bytes | None, settings: Settings) -> list[str]:
    """What signs now, the newest first. Raises `ConfigurationError`."""
    keys = keyring(settings)
    return [keys.open(bytes(one), context(webhook_id)).decode() for one in (sealed, old_sealed) if one is not None]


def wait_seconds(failures: int, settings: Settings) -> float:
    """After so many failures in a row; doubles up to the longest."""
    doubled = settings.webhook_first_wait_seconds * 2.0 ** min(failures - 1, 40)
    return min(doubled, settings.webhook_longest_wait_seconds)


class Courier:
    """`resolve` stands in for the network's name service in tests."""

    def __init__(self, settings: Settings, *, resolve: Resolve | None = None) -> None:
        self._settings = settings
        self._resolve = resolve
        self._carrying: dict[UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled; an error of the database ends it."""
        try:
            while True:
                await self.step()
                await asyncio.sleep(self._settings.webhook_poll_seconds)
        finally:
            for task in self._carrying.values():
                task.cancel()
            await asyncio.gather(*self._carrying.values(), return_exceptions=True)

    async def step(self) -> None:
        """Begins to serve what is due, as far as there is room. Raises what ended the last of them."""
        for webhook_id, task in list(self._carrying.items()):
            if task.done():
                del self._carrying[webhook_id]
                task.result()
        room = self._settings.webhooks_at_once - len(self._carrying)
        if room <= 0:
            return
        for row in await db.fetch(sql.due_webhooks, limit=room):
            webhook_id = UUID(int=row["id"].int)
            if webhook_id not in self._carrying:
                self._carrying[webhook_id] = asyncio.create_task(self.carry(webhook_id))

    async def carry(self, webhook_id: UUID) -> None:
        """One turn: until nothing is left, an event is not taken, or others wait."""
        lease_id = uuid7()
        async with db.transaction(ACTOR):
            held = await db.fetch_one_as(
                Held, sql.lease_webhook, id=webhook_id, lease_id=lease_id, seconds=self._lease_seconds()
            )
        if held is None:
            return
        try:
            await self._turn(held, lease_id)
        finally:
            # A database that is away keeps the lease until it runs out.
            with contextlib.suppress(asyncpg.PostgresError, OSError):
                async with db.transaction(ACTOR):
                    await db.execute(sql.release_webhook, id=webhook_id, lease_id=lease_id)

    async def _turn(self, held: Held, lease_id: UUID) -> None:
        ends_at = monotonic() + TURN_SECONDS
        position = Position(held.position_xid, held.position_seq)
        failures = held.failures
        events = await outbox.events_after(position, self._settings.event_scan_rows)
        for event in events:
            if held.hears(event):
                outcome = await self._send(held, event)
                if not await self._note(held, lease_id, event, outcome, failures + 1):
                    return
                failures = 0
            position = event.position
            if monotonic() > ends_at:
                break
        if events:
            async with db.transaction(ACTOR):
                await self._advance(held, lease_id, position, None)

    async def _send(self, held: Held, event: EventRow) -> Outcome:
        try:
            secrets = opened(held.id, held.secret_sealed, held.old_secret_sealed, self._settings)
        except ConfigurationError:
            return Outcome("secret", None, 0)
        return await send(held.url, secrets, event, self._settings, resolve=self._resolve)

    async def _note(self, held: Held, lease_id: UUID, event: EventRow, outcome: Outcome, n: int) -> bool:
        """Whether to go on with the next event."""
        async with db.transaction(ACTOR):
            await db.execute(
                sql.note_try, id=held.id, event_id=event.id, event_type=event.type, xid=event.xid, seq=event.seq, n=n,
                status=outcome.status, fault=outcome.fault, took_ms=outcome.took_ms,
            )  # fmt: skip
            if outcome.fault is None:
                return await self._advance(held, lease_id, event.position, outcome.status)
            await self._fail(held, lease_id, event, outcome, n)
        return False

    async def _advance(self, held: Held, lease_id: UUID, position: Position, status: int | None) -> bool:
        state = await db.fetch_value(
            sql.advance_webhook, id=held.id, lease_id=lease_id, revision=held.revision, xid=position.xid,
            seq=position.seq, status=status, taken=status is not None, seconds=self._lease_seconds(),
        )  # fmt: skip
        return state is not None

    async def _fail(self, held: Held, lease_id: UUID, event: EventRow, outcome: Outcome, n: int) -> None:
        wait = wait_seconds(n, self._settings) * (1 + JITTER * random.random())  # noqa: S311  spread, not secrecy
        row: Any = await db.fetch_one(
            sql.fail_webhook, id=held.id, lease_id=lease_id, revision=held.revision, status=outcome.status,
            fault=outcome.fault, wait_seconds=wait, most=self._settings.webhook_attempts,
        )  # fmt: skip
        log.warning("webhook failed", webhook_id=str(held.id), fault=outcome.fault, status=outcome.status, n=n)
        if row is not None and row["state"] == "dead":
            data = {
                "webhook_id": str(held.id), "name": row["name"], "fault": outcome.fault, "status": outcome.status,
                "failures": row["failures"], "event_id": str(event.id),
            }  # fmt: skip
            await outbox.publish("webhook.died", data, subject_id=held.id, vendor_id=held.vendor_id)

    def _lease_seconds(self) -> float:
        return self._settings.webhook_seconds + LEASE_SPARE_SECONDS
