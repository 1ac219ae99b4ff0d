"""Worker, clock and relay as real processes on real servers."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.asyncio

from callboard.clock import TIMED, slot
from callboard.embedded import EmbeddedValkey
from callboard.environment import settings_environment
from callboard.relay import EVENTS_CHANNEL, POSITION_KEY
from kernel import clock, db, outbox
from kernel.settings import Settings
from tests.embedded.helpers import ROOT, Program, program

PARTS = Path(__file__).parent / "parts.py"
NO_REDIS = "unix:///nowhere/valkey.sock"
PATIENCE_SECONDS = 60.0


class Processes:
    """Starts workers and clocks of one database, and ends them after the test."""

    def __init__(self, settings: Settings, folder: Path, stack: ExitStack) -> None:
        self._settings, self._folder, self._stack = settings, folder, stack
        self._count = 0

    def start(self, role: str, **changes: Any) -> Program:
        self._count += 1
        environment = settings_environment(msgspec.structs.replace(self._settings, **changes))
        out = self._folder / f"{role}-{self._count}.log"
        running = self._stack.enter_context(program(PARTS, role, out=out, **environment))
        running.says("leading" if role == "clock" else "worker ready")
        return running


@pytest.fixture
def own(settings: Settings, valkey: EmbeddedValkey) -> Settings:
    return msgspec.structs.replace(settings, redis_url=valkey.url, job_lease_seconds=5)


@pytest.fixture
def processes(own: Settings, tmp_path: Path) -> Iterator[Processes]:
    with ExitStack() as stack:
        yield Processes(own, tmp_path, stack)


@pytest.fixture
async def notes(pool: None, valkey: EmbeddedValkey) -> Callable[[], Awaitable[list[str]]]:
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        await client.flushall()  # the nudges and positions of other tests name rows of other databases
    await db.execute("CREATE TABLE note (text text)")

    async def read() -> list[str]:
        return [row["text"] for row in await db.fetch("SELECT text FROM note ORDER BY text")]

    return read


async def order(text: str, **more: Any) -> None:
    async with db.transaction():
        await outbox.enqueue("test.note", {"text": text, **more})


async def soon(condition: Callable[[], Awaitable[bool]]) -> None:
    """Far more than it takes: the machine may be busy, and what never comes about fails all the same."""
    begin = time.monotonic()
    while not await condition():
        assert time.monotonic() - begin < PATIENCE_SECONDS, f"not within {PATIENCE_SECONDS} s"
        await asyncio.sleep(0.02)


async def test_a_nudged_job_is_done_within_seconds_and_once(
    processes: Processes, notes: Callable[[], Awaitable[list[str]]]
) -> None:
    processes.start("worker")
    processes.start("worker")
    processes.start("clock")
    for number in range(40):
        await order(f"{number:02}")

    async def all_done() -> bool:
        return len(await notes()) >= 40

    await soon(all_done)
    await asyncio.sleep(1)
    assert await notes() == [f"{number:02}" for number in range(40)]


async def test_without_redis_and_clock_a_worker_finds_its_jobs(
    processes: Processes, notes: Callable[[], Awaitable[list[str]]]
) -> None:
    await order("first")
    worker = processes.start("worker", redis_url=NO_REDIS)

    async def done() -> bool:
        return len(await notes()) == 1

    await soon(done)
    await order("second")

    async def both_done() -> bool:
        return len(await notes()) == 2

    await soon(both_done)
    assert worker.process.poll() is None


async def test_a_clock_without_redis_takes_no_job_away_from_the_workers(
    processes: Processes, notes: Callable[[], Awaitable[list[str]]], tmp_path: Path
) -> None:
    valkey = EmbeddedValkey(tmp_path / "data")
    valkey.start()
    clock_process = processes.start("clock", redis_url=valkey.url, job_lease_seconds=60)
    async with redis.asyncio.Redis.from_url(valkey.url) as client:

        async def relaying() -> bool:
            return await client.get(POSITION_KEY) is not None

        await soon(relaying)
    valkey.stop()
    await order("found")
    await asyncio.sleep(1)
    processes.start("worker", redis_url=NO_REDIS)

    async def done() -> bool:
        return await notes() == ["found"]

    await soon(done)
    assert clock_process.process.poll() is None


async def test_what_a_killed_worker_had_begun_is_done_once_by_another(
    processes: Processes, notes: Callable[[], Awaitable[list[str]]]
) -> None:
    processes.start("clock")
    victim = processes.start("worker")
    await order("slow", seconds=3)

    async def begun() -> bool:
        return bool(
            await db.fetch("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND query ~ 'note'")
        )

    await soon(begun)
    victim.kill()
    assert await notes() == []
    processes.start("worker")

    async def done() -> bool:
        return await notes() == ["slow"]

    await soon(done)


async def test_a_worker_outlives_an_outage_of_its_database(
    processes: Processes, notes: Callable[[], Awaitable[list[str]]]
) -> None:
    worker = processes.start("worker", redis_url=NO_REDIS)
    await db.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await order("after")

    async def done() -> bool:
        return await notes() == ["after"]

    await soon(done)
    assert worker.process.poll() is None


async def test_of_two_clocks_one_leads_and_the_other_follows_at_once(processes: Processes, pool: None) -> None:
    first = processes.start("clock")
    second = Program(PARTS, "clock", out=first.out.with_name("second.log"), **settings_environment(processes._settings))
    try:
        await asyncio.sleep(2)
        assert "leading" not in second.said
        first.kill()
        second.says("leading")
    finally:
        second.kill()


async def test_each_timed_job_fires_once_in_its_period_however_many_clocks(processes: Processes, pool: None) -> None:
    processes.start("clock")
    firings = "SELECT job, slot FROM scheduler_firing"

    async def fired() -> bool:
        return {row["job"] for row in await db.fetch(firings)} == {timed.job for timed in TIMED}

    await soon(fired)
    for row in await db.fetch(firings):
        assert not await outbox.fire_once(row["job"], row["slot"])


async def test_the_relay_tells_of_what_was_committed_and_goes_on_after_a_kill(
    processes: Processes, own: Settings, notes: object
) -> None:
    assert own.redis_url is not None
    async with redis.asyncio.Redis.from_url(own.redis_url) as client, client.pubsub() as channel:
        await channel.subscribe(EVENTS_CHANNEL)

        async def heard(count: int, seconds: float = PATIENCE_SECONDS) -> list[str]:
            names: list[str] = []
            until = time.monotonic() + seconds
            while len(names) < count and time.monotonic() < until:
                message = await channel.get_message(ignore_subscribe_messages=True, timeout=0.2)
                if message is not None:
                    names.append(msgspec.json.decode(message["data"])["type"])
            return names

        async def tell(kind: str) -> None:
            async with db.transaction():
                await outbox.publish(kind, {})

        relay = processes.start("clock")

        async def placed() -> bool:
            return await client.get(POSITION_KEY) is not None

        await soon(placed)
        await tell("test.first")
        assert await heard(1) == ["test.first"]
        relay.kill()
        await tell("test.meanwhile")
        processes.start("clock")
        await tell("test.after")
        assert await heard(2) == ["test.meanwhile", "test.after"]


def test_a_period_begins_at_the_same_moment_everywhere() -> None:
    moment = clock.now()
    begin = slot(moment, 3600)
    assert (begin.minute, begin.second, begin.microsecond) == (0, 0, 0)
    assert 0 <= (moment - begin).total_seconds() < 3600


def test_no_two_advisory_locks_share_a_number() -> None:
    """A clock that led was found to stop the sealing of the audit log: both had chosen the same number."""
    pattern = re.compile(r"(?:advisory\w*lock\w*\(|_LOCK = )(\d{6,})")
    numbers = [number for file in (ROOT / "src").rglob("*.py") for number in pattern.findall(file.read_text())]
    assert len(numbers) >= 3
    assert len(numbers) == len(set(numbers))
