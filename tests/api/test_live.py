"""Live events: told once, in order, only to those whom they concern; with Redis, without it, and after a break."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
import redis.asyncio
from litestar import Litestar

from callboard import live, relay
from callboard.access import recent
from callboard.embedded.valkey import EmbeddedValkey
from callboard.live import Hub
from kernel import db, outbox
from kernel.settings import Settings
from tests.api.conftest import Cast, Somebody

PATIENCE_SECONDS = 30.0


class Stream:
    """One open answer of server-sent events, read message by message."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.messages: asyncio.Queue[dict[str, str] | None] = asyncio.Queue()
        self._text = ""

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self._text += message.get("body", b"").decode()
        *whole, self._text = self._text.split("\n\n")
        for part in whole:
            fields = dict(line.split(": ", 1) for line in part.split("\n"))
            self.messages.put_nowait(fields)
        if not message.get("more_body"):
            self.messages.put_nowait(None)

    async def next(self, *, skip: tuple[str, ...] = ("ping",)) -> dict[str, str] | None:
        while True:
            message = await asyncio.wait_for(self.messages.get(), PATIENCE_SECONDS)
            if message is None or ("event" in message and message["event"] not in skip):
                return message


@asynccontextmanager
async def listening(
    app: Litestar, who: Somebody, path: str = "/api/v1/events/stream", **headers: str
) -> AsyncIterator[Stream]:
    stream, gone = Stream(), asyncio.Event()
    path, _, query = path.partition("?")
    named = who.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()], "scheme": "http", "http_version": "1.1",
        "client": ("127.0.0.1", 1), "server": ("callboard.test", 80), "state": {}, "extensions": {},
    }  # fmt: skip
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    task = asyncio.create_task(app(scope, receive, stream.send))  # type: ignore[arg-type]
    while not stream.status and not task.done():
        await asyncio.sleep(0.01)
    try:
        yield stream
    finally:
        gone.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def publish(kind: str, **data: Any) -> None:
    async with db.transaction():
        await outbox.publish(kind, data)


async def test_the_channel_is_the_relays() -> None:
    assert live.CHANNEL == relay.EVENTS_CHANNEL


async def test_events_come_in_order_to_those_whom_they_concern(app: Litestar, cast: Cast) -> None:
    boss = await cast.person("boss", ["manager"])
    ann = await cast.person("ann", ["annotator"], works=True)
    async with listening(app, boss) as all_of_it, listening(app, ann) as hers:
        assert all_of_it.headers["content-type"].startswith("text/event-stream")
        assert all_of_it.headers["x-accel-buffering"] == "no"
        await publish("a.one", annotator_id="somebody")
        await publish("a.two", annotator_id=str(ann.annotator_id))
        got = [await all_of_it.next(skip=("ping", "annotator.created")) for _ in range(2)]
        assert [message["event"] for message in got if message] == ["a.one", "a.two"]
        own = await hers.next(skip=("ping", "annotator.created"))
        assert own is not None
        assert own["event"] == "a.two"
        assert msgspec.json.decode(own["data"])["data"] == {"annotator_id": str(ann.annotator_id)}


async def test_a_reader_that_comes_back_misses_nothing(app: Litestar, cast: Cast) -> None:
    boss = await cast.person("boss", ["manager"])
    async with listening(app, boss) as stream:
        await publish("a.one")
        first = await stream.next()
    await publish("a.two")
    await publish("a.three")
    assert first is not None
    async with listening(app, boss, last_event_id=first["id"]) as stream:
        await publish("a.four")
        got = [await stream.next() for _ in range(3)]
        assert [message["event"] for message in got if message] == ["a.two", "a.three", "a.four"]
        assert stream.messages.empty()


async def test_a_stream_ends_with_its_sign_in(app: Litestar, cast: Cast, settings: Settings) -> None:
    app.state.settings = msgspec.structs.replace(settings, stream_ping_seconds=0.2)
    ann = await cast.person("ann", ["annotator"], works=True)
    async with listening(app, ann) as stream:
        assert (await stream.next(skip=()) or {})["event"] == "ping"
        await db.execute("UPDATE session SET ended_at = clock_timestamp()")
        recent.forget_all()
        while await stream.next(skip=()) is not None:
            pass


async def test_pages_are_nudged_and_told_nothing(app: Litestar, cast: Cast) -> None:
    boss = await cast.person("boss", ["manager"])
    ann = await cast.person("ann", ["annotator"], works=True)
    async with listening(app, boss, "/live") as floor, listening(app, ann, "/live") as queue:
        await publish("a.one", secret="CANARY")
        assert await floor.next() == {"event": "floor", "data": "{}"}
        assert await queue.next() == {"event": "queue", "data": "{}"}


async def test_a_slow_reader_is_ended_and_not_waited_for(settings: Settings, cast: Cast) -> None:
    boss = await cast.person("boss", ["manager"])
    hub = Hub(msgspec.structs.replace(settings, stream_queue_events=3))
    from callboard.access import sessions

    actor = await sessions.find(boss.headers["cookie"].removeprefix("callboard="), settings)
    assert actor is not None
    with hub.subscribed(actor) as mine:
        for n in range(5):
            await publish(f"a.{n}")
        for event in await outbox.events_after(outbox.START, 10):
            mine.tell(event)
        assert mine.ended
        left = [mine.queue.get_nowait() for _ in range(mine.queue.qsize())]
        assert left[-1] is None


async def test_streams_are_bounded(client: httpx.AsyncClient, app: Litestar, cast: Cast, settings: Settings) -> None:
    hub: Hub = app.state.hub
    hub._settings = msgspec.structs.replace(settings, streams_per_account=1)
    boss = await cast.person("boss", ["manager"])
    async with listening(app, boss) as first:
        await publish("a.one")
        assert await first.next()
        refused = await client.get("/api/v1/events/stream", headers=boss.headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")


async def test_strangers_hear_nothing(client: httpx.AsyncClient, cast: Cast, settings: Settings) -> None:
    boss = await cast.person("boss", ["manager"])
    deaf = await cast.program(["tasks:read"], owner=boss)
    for path in ("/api/v1/events/stream", "/live"):
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers=deaf.headers)).status_code == 403


@pytest.fixture
def own_valkey(servers_folder: Any) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(servers_folder / "valkey-live")
    server.start()
    yield server
    server.stop()


async def test_redis_makes_it_quick_and_is_not_needed(
    own_valkey: EmbeddedValkey, settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "POLL_SECONDS", 600.0)  # nobody looks unasked: what is heard was nudged
    boss = await cast.person("boss", ["manager"])
    from callboard.access import sessions

    actor = await sessions.find(boss.headers["cookie"].removeprefix("callboard="), settings)
    assert actor is not None
    hub = Hub(msgspec.structs.replace(settings, redis_url=own_valkey.url))
    async with hub.running(), redis.asyncio.Redis.from_url(own_valkey.url) as nudger:
        with hub.subscribed(actor) as mine:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not hub.redis_is_there:
                    await asyncio.sleep(0.05)
                while mine.queue.empty():  # what comes before its first look at the feed is not told
                    await publish("a.nudged")
                    await nudger.publish(live.CHANNEL, b"look")
                    await asyncio.sleep(0.2)
                monkeypatch.setattr(live, "POLL_SECONDS", 0.5)
                await nudger.publish(live.CHANNEL, b"look")  # the long wait is over, the next ones are short
                while hub.redis_is_there:
                    own_valkey.stop()
                    await asyncio.sleep(0.05)
                await publish("a.polled")
                while (event := await mine.queue.get()) is not None and event.type == "a.nudged":
                    pass
            assert event is not None
            assert event.type == "a.polled"
    assert not hub.redis_is_there
