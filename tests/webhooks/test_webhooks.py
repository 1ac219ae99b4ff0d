"""Webhooks against a real receiver on a real socket that is slow, fails, dies and comes back."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Litestar
from msgspec.structs import replace

from callboard.webhooks import registering
from callboard.webhooks.courier import Courier, sql, wait_seconds
from kernel import db, outbox
from kernel.settings import Settings
from tests.api.conftest import Cast, Somebody
from tests.dialogue.fake_endpoint import Answer, FakeEndpoint, endpoint, hangs


def answers(status: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    return answer


async def cuts(writer: asyncio.StreamWriter) -> None:
    writer.close()


GOOD = answers("204 No Content")
FAILING = answers("500 Internal Server Error")


@pytest.fixture
def own(app: Litestar, settings: Settings) -> Settings:
    """Receivers are on this machine, and nobody waits long."""
    changed = replace(
        settings, webhook_private_hosts="127.0.0.1=the tests", webhook_seconds=0.3, webhook_poll_seconds=0.01,
        webhook_first_wait_seconds=0.01, webhook_longest_wait_seconds=0.02, webhook_attempts=4,
    )  # fmt: skip
    app.state.settings = changed
    return changed


@pytest.fixture
async def courier(own: Settings) -> AsyncIterator[None]:
    running = asyncio.create_task(Courier(own).run())
    yield
    running.cancel()
    (ended,) = await asyncio.gather(running, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError), ended


@pytest.fixture
async def boss(cast: Cast) -> Somebody:
    return await cast.person("boss", ["manager"])


async def make(client: httpx.AsyncClient, who: Somebody, url: str, **more: Any) -> tuple[str, str]:
    """(path, secret)"""
    done = await client.post("/api/v1/webhooks", headers=who.headers, json={"name": "frontend", "url": url, **more})
    assert done.status_code == 201, done.text
    return f"/api/v1/webhooks/{done.json()['webhook']['id']}", done.json()["secret"]


async def tell(*kinds: str, vendor_id: UUID | None = None) -> None:
    for n, kind in enumerate(kinds):
        async with db.transaction("test"):
            await outbox.publish(kind, {"n": n, "word": "标注"}, vendor_id=vendor_id)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.01)


async def until_state(client: httpx.AsyncClient, who: Somebody, at: str, **wanted: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}

    async def there() -> bool:
        shown.update((await client.get(at, headers=who.headers)).json())
        return all(shown[name] == value for name, value in wanted.items())

    await until(there)
    return shown


async def until_seen(fake: FakeEndpoint, count: int) -> list[str]:
    async def there() -> bool:
        return len(fake.seen) >= count

    await until(there)
    return [seen.json["type"] for seen in fake.seen]


async def test_every_event_arrives_in_order_however_the_receiver_behaves(
    client: httpx.AsyncClient, boss: Somebody, courier: None
) -> None:
    async with endpoint(hangs, FAILING, GOOD, cuts, GOOD, answers("302 Found"), GOOD) as fake:
        at, secret = await make(client, boss, fake.url, types=["task.*", "verdict.given"])
        await tell("task.accepted", "other.thing", "task.rejected", "verdict.given", "other.thing", "task.changed")
        heard = await until_seen(fake, 8)
        order = ["task.accepted", "task.rejected", "verdict.given", "task.changed"]
        assert heard == [order[0]] * 3 + [order[1]] * 2 + [order[2]] * 2 + [order[3]]
        shown = await until_state(client, boss, at, cursor=fake.seen[7].json["cursor"])
        assert shown["state"] == "active"
        assert shown["delivered_at"] is not None

        for seen in fake.seen:
            fields = dict(part.split("=", 1) for part in seen.headers["callboard-signature"].split(","))
            right = hmac.new(secret.encode(), fields["t"].encode() + b"." + seen.body, hashlib.sha256).hexdigest()
            assert fields["v1"] == right
            assert seen.json["data"]["word"] == "标注"
            assert seen.headers["callboard-event-id"] == seen.json["id"]
        tries = (await client.get(f"{at}/tries?limit=3", headers=boss.headers)).json()
        assert [(one["event_type"], one["fault"], one["n"]) for one in tries["items"]] == [
            ("task.changed", None, 1), ("verdict.given", None, 2), ("verdict.given", "status", 1)
        ]  # fmt: skip
        more = await client.get(f"{at}/tries?cursor={tries['next_cursor']}", headers=boss.headers)
        assert [one["fault"] for one in more.json()["items"]] == [None, "cut", None, "status", "slow"]
        assert secret not in str(await db.fetch("SELECT * FROM webhook")), "sealed"

        since = fake.seen[3].json["cursor"]
        replayed = await client.post(f"{at}/replay", headers=boss.headers, json={"cursor": since})
        assert replayed.json()["cursor"] == since
        assert (await until_seen(fake, 10))[8:] == order[2:], "behind the cursor, again and in order"


def signed_by(seen: Any, secret: str) -> list[bool]:
    """Of each signature in the order of the header, whether the secret made it."""
    fields = [part.split("=", 1) for part in seen.headers["callboard-signature"].split(",")]
    assert [name for name, _ in fields] == ["t"] + ["v1"] * (len(fields) - 1)
    right = hmac.new(secret.encode(), fields[0][1].encode() + b"." + seen.body, hashlib.sha256).hexdigest()
    return [value == right for _, value in fields[1:]]


async def test_a_secret_is_exchanged_without_a_gap(
    client: httpx.AsyncClient, boss: Somebody, own: Settings, courier: None
) -> None:
    async def rotate(**body: int) -> dict[str, Any]:
        done = await client.post(f"{at}/rotate", headers=boss.headers, json=body)
        assert done.status_code == 200, done.text
        return dict(done.json())

    async with endpoint(GOOD) as fake:
        at, first = await make(client, boss, fake.url, types=["task.*"])
        made = await rotate(overlap_hours=2)
        second = made["secret"]
        assert made["webhook"]["old_secret_until"] is not None
        await tell("task.accepted")
        await until_seen(fake, 1)
        assert (signed_by(fake.seen[0], second), signed_by(fake.seen[0], first)) == ([True, False], [False, True])
        await client.post(f"{at}/test", headers=boss.headers)
        assert signed_by(fake.seen[1], second) == [True, False], "the ping as well"

        third = (await rotate())["secret"]
        await tell("task.changed")
        await until_seen(fake, 3)
        assert (signed_by(fake.seen[2], third), signed_by(fake.seen[2], second)) == ([True, False], [False, True])
        await db.execute("UPDATE webhook SET old_secret_until = clock_timestamp() - interval '1 s'")
        assert (await client.get(at, headers=boss.headers)).json()["old_secret_until"] is None
        await client.post(f"{at}/test", headers=boss.headers)
        assert signed_by(fake.seen[3], third) == [True]
        await registering.tidy(own)
        assert await db.fetch_value("SELECT old_secret_sealed IS NULL FROM webhook")

        last = (await rotate(overlap_hours=0))["secret"]
        await client.post(f"{at}/test", headers=boss.headers)
        assert signed_by(fake.seen[4], last) == [True]
        assert (await client.post(f"{at}/rotate", headers=boss.headers, json={"overlap_hours": 169})).status_code == 422
    said = await db.fetch("SELECT after FROM audit_entry WHERE action = 'webhook.secret_rotated' ORDER BY seq")
    assert [row["after"]["overlap_hours"] for row in said] == [2, 24, 0]
    assert not any(secret in str(said) for secret in (first, second, third, last))


async def test_address_and_types_are_changed_in_place(
    client: httpx.AsyncClient, boss: Somebody, cast: Cast, courier: None
) -> None:
    async with endpoint(FAILING) as wrong, endpoint(GOOD) as right:
        at, secret = await make(client, boss, wrong.url, types=["task.*"])
        await tell("task.accepted", "verdict.given")
        await until_seen(wrong, 1)
        done = await client.patch(at, headers=boss.headers, json={"url": right.url, "types": ["verdict.*", "task.*"]})
        assert done.status_code == 200, done.text
        assert (done.json()["url"], done.json()["types"], done.json()["name"]) == (
            right.url,
            ["task.*", "verdict.*"],
            "frontend",
        )
        assert await until_seen(right, 2) == ["task.accepted", "verdict.given"], (
            "what was not taken goes to the new address"
        )
        assert signed_by(right.seen[0], secret) == [True]
        same = await client.patch(at, headers=boss.headers, json={"name": "frontend"})
        assert same.status_code == 200
        for body, code in (({"url": "https://10.0.0.1/x"}, "address_refused"), ({"types": ["*"]}, "bad_event_type")):
            refused = await client.patch(at, headers=boss.headers, json=body)
            assert (refused.status_code, refused.json()["code"]) == (422, code)
        stranger = await cast.person("north", ["manager"], vendor="north")
        for method, path in (("PATCH", at), ("POST", f"{at}/rotate")):
            assert (await client.request(method, path, headers=stranger.headers, json={})).status_code == 404
    (row,) = await db.fetch("SELECT before, after FROM audit_entry WHERE action = 'webhook.changed'")
    assert (row["before"]["url"], row["after"]["url"]) == (wrong.url, right.url)


async def test_one_that_stays_away_dies_loses_nothing_and_is_woken(
    client: httpx.AsyncClient, boss: Somebody, courier: None
) -> None:
    async with endpoint(*[FAILING] * 4, GOOD) as fake, endpoint(GOOD) as other:
        at, _ = await make(client, boss, fake.url, types=["task.*"])
        await make(client, boss, other.url, types=["webhook.*"])
        await tell("task.accepted", "task.rejected")
        dead = await until_state(client, boss, at, state="dead")
        assert (dead["failures"], dead["last_status"], dead["last_fault"], dead["next_try_at"]) == (
            4,
            500,
            "status",
            None,
        )
        assert await until_seen(other, 1) == ["webhook.died"]
        assert other.seen[0].json["data"]["webhook_id"] == dead["id"]
        assert len(fake.seen) == 4
        refused = await client.post(f"{at}/pause", headers=boss.headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "webhook_not_active")

        woken = await client.post(f"{at}/resume", headers=boss.headers)
        assert (woken.json()["state"], woken.json()["failures"]) == ("active", 0)
        assert (await until_seen(fake, 6))[4:] == ["task.accepted", "task.rejected"]

        await client.post(f"{at}/pause", headers=boss.headers)
        await tell("task.changed")
        await tell("webhook.died")
        await until_seen(other, 2)
        assert len(fake.seen) == 6, "paused"
        await client.post(f"{at}/resume", headers=boss.headers)
        assert (await until_seen(fake, 7))[6:] == ["task.changed"]
        assert (await client.delete(at, headers=boss.headers)).status_code == 204
        assert (await client.get(at, headers=boss.headers)).status_code == 404
    said = await db.fetch(
        "SELECT action FROM audit_entry WHERE subject_type = 'webhook' AND subject_id = :id ORDER BY seq", id=dead["id"]
    )
    actions = [row["action"] for row in said]
    assert "webhook.made" in actions
    assert {"webhook.paused", "webhook.resumed", "webhook.deleted"} <= set(actions)


async def test_two_couriers_send_nothing_twice(client: httpx.AsyncClient, boss: Somebody, own: Settings) -> None:
    """Two leaders for a moment: the lease lets one of them send."""
    async with endpoint(GOOD) as fake:
        at, _ = await make(client, boss, fake.url)
        await tell("task.accepted", "task.rejected")
        webhook_id = UUID(at.rsplit("/", 1)[1])
        # Until the snapshot of every other connection has moved past both.
        await until(_waits)
        await asyncio.gather(*(Courier(own).carry(webhook_id) for _ in range(4)))
        assert [seen.json["type"] for seen in fake.seen] == ["task.accepted", "task.rejected"]


async def _waits() -> bool:
    return bool(await db.fetch(sql.due_webhooks, limit=1))


async def test_a_vendor_hears_of_its_people_and_sees_its_own(
    client: httpx.AsyncClient, boss: Somebody, cast: Cast, courier: None
) -> None:
    north, south = [await cast.person(name, ["manager"], vendor=name) for name in ("north", "south")]
    async with endpoint(GOOD) as fake:
        at, _ = await make(client, north, fake.url)
        await tell("task.accepted", vendor_id=south.vendor_id)
        await tell("task.rejected")
        await tell("task.changed", vendor_id=north.vendor_id)
        assert await until_seen(fake, 1) == ["task.changed"]
        for who in (south, boss):
            shown = (await client.get("/api/v1/webhooks", headers=who.headers)).json()["items"]
            assert len(shown) == (1 if who is boss else 0)
        for method, path in [
            ("GET", at),
            ("DELETE", at),
            ("POST", f"{at}/pause"),
            ("POST", f"{at}/test"),
            ("GET", f"{at}/tries"),
        ]:
            assert (await client.request(method, path, headers=south.headers)).status_code == 404, path
        assert (await client.post(f"{at}/replay", headers=south.headers, json={})).status_code == 404


async def test_a_manager_does_it_all_on_screen(
    client: httpx.AsyncClient, boss: Somebody, cast: Cast, courier: None
) -> None:
    async def press(path: str, status: int = 200, **fields: str) -> str:
        answer = await client.post(path, headers=boss.headers | {"hx-request": "true"}, data=fields)
        assert answer.status_code == status, answer.text
        return answer.text

    async def look(path: str) -> str:
        return (await client.get(path, headers=boss.headers)).text

    async with endpoint(FAILING, GOOD) as fake:
        assert "No webhook yet" in await look("/webhooks")
        assert "may not be called" in await press("/webhooks", 422, name="x", url="https://10.0.0.1/x", types="")
        made = await press("/webhooks", name="frontend", url=fake.url, types="task.*, verdict.given")
        assert "whsec_" in made
        (webhook_id,) = {row["id"] for row in await db.fetch("SELECT id FROM webhook")}
        at = f"/webhooks/{webhook_id}"
        assert "Refused" in await press(f"{at}/test")
        assert "It took the ping" in await press(f"{at}/test")
        await tell("task.accepted")
        await until_seen(fake, 3)
        await press(f"{at}/pause")
        assert "Paused" in await look(at)
        await press(f"{at}/replay")
        await press(f"{at}/resume")
        await until_seen(fake, 4)
        assert {seen.json["type"] for seen in fake.seen[2:]} == {"task.accepted"}

        async def shown() -> bool:
            return "task.accepted" in await look(at)

        await until(shown)
        other = await cast.person("worker", ["annotator"], works=True)
        assert (await client.get(at, headers=other.headers)).status_code == 403
        await press(f"{at}/change", name="renamed", url=fake.url, types="task.* verdict.given")
        page = await look(at)
        assert "renamed" in page
        assert 'value="task.* verdict.given"' in page
        assert "The old one signs beside it until" in await press(f"{at}/rotate", overlap_hours="24")
        assert "The old secret signs as well until" in await look(at)
        await press(f"{at}/rotate", 422, overlap_hours="much")
        await press(f"{at}/delete")
        assert "No webhook yet" in await look("/webhooks")


async def test_what_is_refused_and_the_ping(client: httpx.AsyncClient, boss: Somebody, own: Settings) -> None:
    async def refused(url: str, **more: Any) -> str:
        done = await client.post("/api/v1/webhooks", headers=boss.headers, json={"name": "x", "url": url, **more})
        assert done.status_code in (409, 422), done.text
        return str(done.json()["code"])

    for url in (
        "http://example.org/x",
        "https://169.254.169.254/x",
        "https://10.0.0.1/x",
        "https://localhost.example:22/x?y",
    ):
        assert await refused(url) == "address_refused", url
    assert await refused("https://example.org/x", types=["*"]) == "bad_event_type"
    async with endpoint(GOOD, answers("401 Unauthorized")) as fake:
        body = {"name": "x", "url": fake.url}
        key = {**boss.headers, "idempotency-key": "once"}
        first, second = [await client.post("/api/v1/webhooks", headers=key, json=body) for _ in range(2)]
        assert first.json()["secret"].startswith("whsec_")
        assert second.json() == first.json() | {"secret": None}
        at = f"/api/v1/webhooks/{first.json()['webhook']['id']}"
        trials = [(await client.post(f"{at}/test", headers=boss.headers)).json() for _ in range(2)]
        assert [(one["ok"], one["status"], one["fault"]) for one in trials] == [
            (True, 204, None),
            (False, 401, "status"),
        ]
        assert fake.seen[0].json["type"] == "webhook.ping"
    listed = await client.get("/webhooks", headers=boss.headers)
    assert fake.url in listed.text
    gone = (await client.post(f"{at}/test", headers=boss.headers)).json()
    assert gone["fault"] == "unreachable"
    assert own.webhooks_limit == 50
    assert [wait_seconds(n, Settings(data_dir=own.data_dir)) for n in (1, 2, 3, 30)] == [5, 10, 20, 3600]
    assert msgspec.json.decode(fake.seen[0].body)["cursor"] == "0-0"
