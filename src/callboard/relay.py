"""Carries what was committed to those who wait for it: due jobs to the workers, new events to the live pages.

Both are only nudges. What is lost on the way is found again: a job by the worker's own look at the table, an event by
the page's next request.
"""

import asyncio

import msgspec
import redis
import redis.asyncio
import structlog

from callboard.worker import Nudges
from kernel import outbox
from kernel.clock import monotonic
from kernel.outbox import Position
from kernel.settings import Settings

EVENTS_CHANNEL = "callboard:events"
# Where the last relay stopped, so that the next one leaves nothing out.
POSITION_KEY = "callboard:relay:position"
REDIS_SECONDS = 1.0
# After a failure Redis is left alone for this long, and workers look for jobs themselves.
PAUSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Relay:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        url = settings.redis_url or ""
        self._redis = redis.asyncio.Redis.from_url(
            url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        )
        self._nudges = Nudges(url, REDIS_SECONDS)
        self._position: Position | None = None
        self._resume_at = 0.0

    async def run(self) -> None:
        """Until it is cancelled; an error of the database ends it."""
        while True:
            if monotonic() >= self._resume_at:
                try:
                    await self.step()
                except (redis.RedisError, OSError) as error:
                    self._resume_at = monotonic() + PAUSE_SECONDS
                    log.warning("Redis is away", reason=str(error) or type(error).__name__)
            await asyncio.sleep(self._settings.relay_poll_seconds)

    async def step(self) -> None:
        """One look at both tables. Raises `redis.RedisError` before it takes a job that it could not announce."""
        await self._relay_events()
        job_ids = await outbox.take_due_jobs(self._settings)
        if job_ids:
            await asyncio.to_thread(self._nudges.send, job_ids)

    async def _relay_events(self) -> None:
        position = self._position or await self._stored_position()
        events = await outbox.events_after(position, self._settings.relay_batch)
        if not events and self._position is not None:
            await self._redis.ping()
            return
        if events:
            position = events[-1].position
        async with self._redis.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.publish(EVENTS_CHANNEL, msgspec.json.encode(event))
            pipeline.set(POSITION_KEY, position.text())
            await pipeline.execute()
        self._position = position

    async def _stored_position(self) -> Position:
        stored = await self._redis.get(POSITION_KEY)
        if stored is None:
            return await outbox.newest_position()
        xid, _, seq = (stored if isinstance(stored, str) else stored.decode()).partition("-")
        return Position(int(xid), int(seq))
