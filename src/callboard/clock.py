"""The clock and the relay. Of any number of them one leads; what it does twice all the same has no second effect."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from callboard.logs import configure_logs
from callboard.relay import Relay
from callboard.webhooks.courier import Courier
from kernel import db, outbox
from kernel.clock import now
from kernel.settings import Settings

LEADER_LOCK = 7276655010  # any number that nothing else in the database locks; a test compares them all
# How often those who stand by ask whether the leader is gone, and the leader whether it still leads.
LEAD_SECONDS = 0.5
CONNECT_SECONDS = 5.0
RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Timed(NamedTuple):
    """A job that is put into the table once in every period."""

    job: str
    seconds: int


TIMED = (
    Timed("routing.sweep_leases", 5),  # an expired lease is back within its time plus 10 s
    Timed("routing.climb", 10),  # a step is taken so late at most
    Timed("routing.expire_tasks", 60),  # claims refuse by time; this writes it down
    Timed("routing.overdue_reviews", 60),  # due times of reviews are hours
    Timed("routing.sample_reviews", 60),  # a minute's hand-ins go by the shares of the last
    Timed(
        "routing.tidy_measured", 60
    ),  # a task that was reopened gets new people, whom its waiting looks must not meet
    Timed("routing.fold_quality", 60),  # the figures of quality are a minute old
    Timed("routing.overdue_disputes", 300),  # dates of disputes are days
    Timed("routing.pass_gold", 60),  # gold waits for hours, as reviews do
    Timed("routing.overdue_gold", 300),  # dates of doubts are days
    Timed("routing.make_offers", 5),  # an offer that timed out goes on to the next person
    Timed("routing.take_stock", 5),  # a person who comes or goes counts in the next claims; a look takes some 20 ms
    Timed("audit.seal", 5),  # what a seal covers cannot be changed unseen; a short tail stays open
    Timed("ledger.seal", 5),  # likewise
    Timed("payments.adjustments", 30),  # paid within half a minute after it can no longer be undone
    Timed("payments.budget_notices", 60),  # claims go by the budget itself; this only warns
    Timed("payments.pay_disputes", 300),  # dates of disputes are days
    Timed("payments.open_period", 600),  # a period that ended can be closed within ten minutes
    Timed("kernel.tidy", 3600),
    Timed("access.tidy", 3600),
    Timed("webhooks.tidy", 3600),
    Timed("skills.end_exams", 60),
    Timed("skills.end_standing", 60),
    Timed("skills.judge_everybody", 3600),  # silence and expiry are told within the hour
    Timed("skills.estimate_crowd", 3600),  # where newcomers start; it moves by a hair in an hour
    Timed("skills.remind_expiries", 86_400),  # credentials end with a day
    Timed("routing.fit_difficulty", 86_400),  # nightly: a day's outcomes move it by a hair
    Timed("routing.refit_consensus", 120),  # where nothing came in since, nothing is done
    Timed("dialogue.remove_exports", 3600),  # files are kept for days
    Timed("skills.calibrate_items", 86400),  # a bank gathers a few hundred answers a day
)


def slot(moment: datetime, seconds: int) -> datetime:
    """The beginning of the period that `moment` lies in; the same on every machine."""
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, UTC)


class Clock:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dsn = settings.database_url or ""
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        living = asyncio.create_task(self._live())
        await self._stopping.wait()
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)

    async def _live(self) -> None:
        relay = Relay(self._settings)
        while True:
            try:
                async with db.pool(self._dsn, self._settings, min_size=1, max_size=4):
                    while True:
                        await self._lead(relay)
            except Exception as error:  # noqa: BLE001  whatever it is, the clock must be there when it is over
                log.warning("the database is away", reason=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _lead(self, relay: Relay) -> None:
        """Waits to become the leader, works, and returns when the lead or the connection that held it is lost."""
        async with self._leader_connection() as connection:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):  # noqa: ASYNC110
                await asyncio.sleep(LEAD_SECONDS)  # another process holds it; no event of ours tells of its end
            log.info("leading")
            scheduler = self._scheduler()
            relaying = asyncio.create_task(relay.run())
            carrying = asyncio.create_task(Courier(self._settings).run())
            try:
                while not relaying.done() and not carrying.done():
                    await connection.fetchval("SELECT 1")
                    both = [relaying, carrying]
                    await asyncio.wait(both, timeout=LEAD_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                await (relaying if relaying.done() else carrying)
            finally:
                scheduler.shutdown(wait=False)
                relaying.cancel()
                carrying.cancel()
                await asyncio.gather(relaying, carrying, return_exceptions=True)

    @asynccontextmanager
    async def _leader_connection(self) -> AsyncIterator[asyncpg.Connection]:
        """Not from the pool, which would drop the lock when it takes the connection back."""
        connection = await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=CONNECT_SECONDS,
            server_settings={"application_name": "callboard clock"},
        )
        try:
            yield connection
        finally:
            connection.terminate()

    def _scheduler(self) -> AsyncIOScheduler:
        """Late firings are not dropped: all of a job's that were missed become one."""
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        for timed in TIMED:
            trigger = IntervalTrigger(seconds=timed.seconds, start_date=slot(now(), timed.seconds), timezone=UTC)
            # The first at once: the period that began before this leader may have had none.
            first = now() + timedelta(milliseconds=10)
            scheduler.add_job(fire, trigger, args=[timed], id=timed.job, next_run_time=first)
        scheduler.start()
        return scheduler


async def fire(timed: Timed) -> None:
    """Puts the job into the table, once for this period whoever else tries; waits for a database that is away."""
    while True:
        try:
            async with db.transaction(actor="system:clock"):
                if await outbox.fire_once(timed.job, slot(now(), timed.seconds)):
                    await outbox.enqueue(timed.job, {}, key=timed.job)
        except Exception as error:  # noqa: BLE001  the next try comes; nothing else would fire it in this hour
            log.warning("firing is late", job=timed.job, reason=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return


def run_clock(settings: Settings) -> None:
    """Leads or stands by until SIGTERM or SIGINT."""
    configure_logs(settings)
    asyncio.run(Clock(settings).run())
