"""Live events for browsers and programs: one reader per process, fanned out to bounded queues.

A message on the Redis channel is only a nudge. What is told is read from the database, once per process and in the
feed's order, so nothing is lost or doubled; without Redis the same reader looks once a second.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import asyncpg
import redis
import redis.asyncio
import structlog

from callboard.access.actor import Actor
from callboard.errors import TooManyStreams
from callboard.metrics import streams
from kernel import outbox
from kernel.outbox import EventRow, Position
from kernel.settings import Settings

CHANNEL = "callboard:events"
"""The relay's; not imported from there, because that brings the job queue along."""
POLL_SECONDS = 1.0
GATHER_SECONDS = 0.05
UNHEARD_SECONDS = 0.25
"""After a nudge: a burst of commits is read as one."""
REDIS_RETRY_SECONDS = 5.0
BATCH = 500

log = structlog.get_logger(__name__)


def concerns(event: EventRow, actor: Actor) -> bool:
    """Whether somebody may hear of it: managers of everything, a vendor's managers of its people, others of themselves."""
    if actor.sees_everybody:
        return True
    if actor.vendor_id is not None:
        return event.vendor_id == actor.vendor_id
    return actor.annotator_id is not None and event.data.get("annotator_id") == str(actor.annotator_id)


class Subscription:
    """One reader's queue. With `nudges` it holds one event at most: the reader only wants to know that there is news."""

    def __init__(self, actor: Actor, size: int, *, nudges: bool = False) -> None:
        self.actor = actor
        self.nudges = nudges
        self.queue: asyncio.Queue[EventRow | None] = asyncio.Queue(1 if nudges else size)
        self.ended = False

    def tell(self, event: EventRow) -> None:
        """A reader that does not keep up is ended; it comes back with the id of what it saw last, and catches up."""
        if self.nudges:
            if self.queue.empty():
                self.queue.put_nowait(event)
            return
        if self.ended or not concerns(event, self.actor):
            return
        if self.queue.full():
            self.end()
            return
        self.queue.put_nowait(event)

    def end(self) -> None:
        self.ended = True
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Hub:
    """The process's reader of the feed and everybody who listens to it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._subscriptions: set[Subscription] = set()
        self._nudged = asyncio.Event()
        self._closed = False
        self.redis_is_there = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._listen())]
        try:
            yield
        finally:
            self._closed = True
            for subscription in self._subscriptions:
                subscription.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def check_room(self, actor: Actor) -> None:
        """Before the answer begins, so that it can still be a refusal. Raises `TooManyStreams`."""
        settings = self._settings
        if self._closed or len(self._subscriptions) >= settings.streams_per_process:
            raise TooManyStreams(retry_after_seconds=5)
        if Counter(one.actor.id for one in self._subscriptions)[actor.id] >= settings.streams_per_account:
            raise TooManyStreams("This account has too many live streams open; close a tab.", retry_after_seconds=5)

    @contextlib.contextmanager
    def subscribed(self, actor: Actor, *, nudges: bool = False) -> Iterator[Subscription]:
        subscription = Subscription(actor, self._settings.stream_queue_events, nudges=nudges)
        if self._closed:
            subscription.end()
        self._subscriptions.add(subscription)
        streams.inc()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            streams.dec()

    async def _read(self) -> None:
        position: Position | None = None
        while True:
            try:
                # First of all where the feed ends now: whoever subscribes from here on misses nothing.
                position = await (outbox.newest_position() if position is None else self._tell_from(position))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                log.warning("live events wait for the database", reason=repr(error))
                await asyncio.sleep(POLL_SECONDS)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), POLL_SECONDS)
                await asyncio.sleep(GATHER_SECONDS if self._subscriptions else UNHEARD_SECONDS)
            self._nudged.clear()

    async def _tell_from(self, position: Position) -> Position:
        """Tells what follows the position; where it stopped. While nobody listens, the end of the feed is enough."""
        if not self._subscriptions:
            return await outbox.newest_position()
        while True:
            events = await outbox.events_after(position, BATCH)
            for event in events:
                for subscription in tuple(self._subscriptions):
                    subscription.tell(event)
                position = event.position
            if len(events) < BATCH:
                return position

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow_channel()
            except (redis.RedisError, OSError) as error:
                if self.redis_is_there:
                    log.warning("Redis is away; live events are polled", reason=str(error) or type(error).__name__)
            self.redis_is_there = False
            await asyncio.sleep(REDIS_RETRY_SECONDS)

    async def _follow_channel(self) -> None:
        if not self._settings.redis_url:
            return
        async with (
            redis.asyncio.Redis.from_url(
                self._settings.redis_url, socket_connect_timeout=2, health_check_interval=5
            ) as client,
            client.pubsub(ignore_subscribe_messages=True) as channel,
        ):
            await channel.subscribe(CHANNEL)
            self.redis_is_there = True
            while True:
                if await channel.get_message(timeout=POLL_SECONDS) is not None:
                    self._nudged.set()
