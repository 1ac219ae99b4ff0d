"""Where claims wait for each other: whoever comes while a transaction runs is served by the next one, with all who came.

A claim that finds the desk free waits for nobody. Up to `claim_transactions` of them run at a time, another one beside
those that run only for `BESIDE` as many claims as they serve. What cannot be served together is answered with None, and
goes alone.
"""

import asyncio
from collections import deque
from typing import NamedTuple

import asyncpg
import structlog

from callboard.api.shapes import Assignment, Claimed, outward
from callboard.api.wire import encode
from kernel import db, idempotency
from kernel.errors import DomainError
from kernel.settings import Settings
from routing.memory import Memory
from routing.together import Ask, NotTakenTogether, claim_together

log = structlog.get_logger(__name__)

BESIDE = 0.5
"""A transaction costs about as much as ten claims in it: without this, a few stragglers would have one of their own in every round,
while the many wait behind them."""


class Visitor(NamedTuple):
    ask: Ask
    key: str | None
    """Idempotency-Key, if one came along."""
    fingerprint: bytes
    reply: "asyncio.Future[bytes | None]"


class Desk:
    """One of each process. `claim_batch` bounds what one transaction takes on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._memory = Memory()
        self._waiting: deque[Visitor] = deque()
        self._starting = False
        self._busy = 0
        self._under_way = 0
        """Claims of the transactions that run."""
        self._serving: set[asyncio.Task[None]] = set()

    async def claim(self, ask: Ask, key: str | None, fingerprint: bytes) -> bytes | None:
        """The encoded answer; None: to be served alone."""
        visitor = Visitor(ask, key, fingerprint, asyncio.get_running_loop().create_future())
        self._waiting.append(visitor)
        self._consider()
        return await visitor.reply

    def _consider(self) -> None:
        """Whether those who wait are worth a transaction: asked whenever somebody comes, and whenever one ends."""
        worth_it = len(self._waiting) >= max(1.0, BESIDE * self._under_way)
        if worth_it and not self._starting and self._busy < self._settings.claim_transactions:
            self._starting = True
            # Behind whoever is at the door in this very moment: they come along.
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._starting = False
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._settings.claim_batch))]
        self._busy += 1
        self._under_way += len(batch)
        task = asyncio.create_task(self._serve(batch))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self._consider()

    async def _serve(self, batch: list[Visitor]) -> None:
        replies: list[bytes | None] = [None] * len(batch)
        try:
            replies = await self._together(batch)
        except (DomainError, NotTakenTogether, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            log.info("claims_served_alone", claims=len(batch), error=repr(error))
        finally:
            self._busy -= 1
            self._under_way -= len(batch)
            for visitor, reply in zip(batch, replies, strict=True):
                if not visitor.reply.done():
                    visitor.reply.set_result(reply)
            self._consider()

    async def _together(self, batch: list[Visitor]) -> list[bytes | None]:
        async with db.transaction(batch[0].ask.actor):
            first = await _first_of_their_keys(batch)
            views = await claim_together([batch[n].ask for n in first], self._settings, self._memory)
            replies: list[bytes | None] = [None] * len(batch)
            for n, view in zip(first, views, strict=True):
                if view is not None:
                    held: list[Assignment] = [await outward(view)]
                    replies[n] = encode(
                        Claimed(assignments=held, reason=None, detail=None, counts={}, retry_after_seconds=None)
                    )
            served = [n for n in first if replies[n] is not None]
            await _keep(batch, served, replies)
            await _give_up(batch, [n for n in first if replies[n] is None])
        return replies


async def _first_of_their_keys(batch: list[Visitor]) -> list[int]:
    """Those who ask for the first time under their key; a repeat is answered alone."""
    keyed: dict[tuple[str, str], int] = {}
    for n, visitor in enumerate(batch):
        if visitor.key is not None and idempotency.is_key(visitor.key):
            keyed.setdefault((visitor.ask.actor, visitor.key), n)
    begun = await idempotency.begin_many({pair: batch[n].fingerprint for pair, n in keyed.items()})
    return sorted([n for n, visitor in enumerate(batch) if visitor.key is None] + [keyed[pair] for pair in begun])


async def _keep(batch: list[Visitor], served: list[int], replies: list[bytes | None]) -> None:
    kept = {}
    for n in served:
        key, reply = batch[n].key, replies[n]
        if key is not None and reply is not None:
            kept[batch[n].ask.actor, key] = reply
    await idempotency.store_many(kept, status=200)


async def _give_up(batch: list[Visitor], alone: list[int]) -> None:
    """Their keys are theirs again when they come alone."""
    await idempotency.forget_many(
        [(visitor.ask.actor, visitor.key) for n in alone if (visitor := batch[n]).key is not None]
    )
