"""Background work. The only module that knows dramatiq; a message in it says "look at that job" and is never the record.

A worker hears of its jobs in three ways: a message names one at once; the database is asked every few seconds, which
is enough when Redis is away; and what a killed worker had begun becomes due again with its row.
"""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterable
from types import FrameType
from uuid import UUID

import dramatiq
import msgspec
import redis
import structlog
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, Middleware

from callboard.logs import configure_logs
from callboard.wiring import wire
from kernel import db, outbox
from kernel.settings import Settings

ACTOR = "kernel.run_job"
QUEUE = "jobs"
NAMESPACE = "callboard"
POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0
# With dramatiq's defaults a killed worker's message came back after 361 s, with these after 27 s.
HEARTBEAT_MILLISECONDS = 10_000
MAINTENANCE_PER_MILLION = 100_000
# Consumers may wait this long for a frozen Redis; no person waits with them.
REDIS_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Nudges:
    """Tells workers about due jobs. A call blocks for `timeout_seconds` at most."""

    def __init__(self, redis_url: str, timeout_seconds: float) -> None:
        self._broker = make_broker(redis_url, timeout_seconds)

    def send(self, job_ids: Iterable[UUID]) -> None:
        """Raises `redis.RedisError`; the rows become due again by themselves."""
        for job_id in job_ids:
            self._broker.enqueue(
                dramatiq.Message(queue_name=QUEUE, actor_name=ACTOR, args=(str(job_id),), kwargs={}, options={})
            )


def make_broker(redis_url: str, timeout_seconds: float) -> RedisBroker:
    """Without dramatiq's retries and time limits: the job's row counts its tries, and statements have a timeout."""
    client = redis.Redis.from_url(redis_url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds)
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=client,
        middleware=[],
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_MILLISECONDS,
        maintenance_chance=MAINTENANCE_PER_MILLION,
    )


class Runner(Middleware):
    """Runs jobs on dramatiq's own event loop, where the pool of this process is open."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dsn = settings.database_url or ""
        self._polling: asyncio.Task[None] | None = None

    async def run(self, job_id: UUID) -> None:
        """Never raises: what could not be done stays in its row, and is found again."""
        if db.engine.pool is None:
            return
        try:
            await outbox.run_job(job_id, self._settings)
        except Exception as error:  # noqa: BLE001  the database is away; a message has no other reader
            log.warning("job left for later", job_id=str(job_id), reason=str(error))

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        _run_on_loop(self._begin())

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        _run_on_loop(self._finish())

    async def _begin(self) -> None:
        self._polling = asyncio.create_task(self._poll())

    async def _finish(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    async def _poll(self) -> None:
        """Opens the pool, when the database is away again and again, then asks for jobs that nobody was told about."""
        batch = msgspec.structs.replace(self._settings, relay_batch=self._settings.worker_threads * 4)
        while True:
            try:
                async with db.pool(self._dsn, self._settings):
                    log.info("worker ready")
                    while True:
                        await self._run_due(batch)
                        await asyncio.sleep(POLL_SECONDS)
            except Exception as error:  # noqa: BLE001  whatever it is, the worker must be there when it is over
                log.warning("the database is away", reason=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _run_due(self, batch: Settings) -> None:
        while job_ids := await outbox.take_due_jobs(batch):
            for job_id in job_ids:
                await self.run(job_id)


def _run_on_loop(work: Coroutine[None, None, None]) -> None:
    thread = get_event_loop_thread()
    assert thread is not None  # the AsyncIO middleware starts it before any worker boots
    thread.run_coroutine(work)


def run_worker(settings: Settings) -> None:
    """Runs jobs until SIGTERM or SIGINT; what is under way then has half of `stop_seconds` to finish."""
    configure_logs(settings)
    wire()
    broker = make_broker(settings.redis_url or "", REDIS_SECONDS)
    runner = Runner(settings)
    broker.add_middleware(AsyncIO())
    broker.add_middleware(runner)

    async def run_job(job_id: str) -> None:
        await runner.run(UUID(job_id))

    dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(run_job)
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    worker = dramatiq.Worker(broker, worker_threads=settings.worker_threads, worker_timeout=200)
    worker.start()
    stopping.wait()
    worker.stop(timeout=int(settings.stop_seconds * 1000 / 2))
