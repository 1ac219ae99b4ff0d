"""A project's bots over the API: made, changed by version, switched, tried; and a reply's stream that is gone on with."""

import httpx
import msgspec
import pytest
from litestar import Litestar
from msgspec.structs import replace

from kernel import db
from tests.api.conftest import Cast
from tests.api.slice import Site
from tests.dialogue.fake_endpoint import endpoint, refuses, streams

KEY = "sk-canary-4410"


@pytest.fixture
async def site(app: Litestar, client: httpx.AsyncClient, cast: Cast) -> Site:
    app.state.settings = replace(app.state.settings, bot_private_hosts="127.0.0.1=the tests", bot_retries=0)
    return await Site(client, cast).open()


async def test_bots_are_made_changed_switched_and_tried(site: Site) -> None:
    at = f"/projects/{site.project_id}/bots"
    (built_in,) = (await site.call("GET", at, site.frontend))["items"]
    assert (built_in["id"], built_in["kind"], built_in["model"]) == (None, "offline", "callboard-offline")
    async with endpoint(streams("Hello"), refuses("500 Oops")) as fake:
        draft = {"name": "Tutor", "kind": "openai", "base_url": fake.url, "model": "tiny", "api_key": KEY, "top_p": 0.9}
        made = await site.call("POST", at, site.frontend, draft, 201, idempotency_key="one")
        assert await site.call("POST", at, site.frontend, draft, 201, idempotency_key="one") == made
        assert KEY not in str(made)
        one = f"{at}/{made['id']}"
        assert (await site.call("POST", at, site.frontend, draft, 409))["code"] == "bot_exists"
        trial = await site.call("POST", f"{one}/test", site.manager)
        assert (trial["ok"], trial["text"]) == (True, "Hello")
        assert 0 < trial["first_token_ms"] <= trial["total_ms"]
        trial = await site.call("POST", f"{one}/test", site.manager)
        assert (trial["ok"], trial["code"]) == (False, "bot_failing")
        assert fake.seen[0].headers["authorization"] == f"Bearer {KEY}"
        assert fake.seen[0].json["top_p"] == 0.9

    changed = await site.call("PATCH", one, site.manager, {"temperature": 0.1, "retries": 1}, if_match='"1"')
    assert (changed["version"], changed["temperature"], changed["top_p"], changed["has_api_key"]) == (2, 0.1, 0.9, True)
    await site.call("PATCH", one, site.manager, {"temperature": 0.2}, 412, if_match='"1"')
    moved = await site.call("PATCH", one, site.manager, {"base_url": "https://other.example/v1"})
    assert not moved["has_api_key"]
    inside = await site.call("PATCH", one, site.manager, {"base_url": "http://169.254.169.254/v1"}, 422)
    assert inside["code"] == "address_refused"
    for bad in ({"candidates": 0}, {"retries": 11}, {"first_token_seconds": 0}, {"top_p": 0}, {"nonsense": 1}):
        await site.call("PATCH", one, site.manager, bad, 422)
    off = await site.call("POST", f"{one}/disable", site.manager, {"reason": "too dear"})
    assert (off["enabled"], (await site.call("POST", f"{one}/enable", site.manager))["enabled"]) == (False, True)
    other = await Site(site.client, site._cast).call("GET", "/projects?limit=1", site.manager)
    assert other["items"]
    await site.call("POST", f"{at}/{site.project_id}/test", site.manager, None, 404)
    kept = await db.fetch_value("SELECT string_agg(after::text, ' ') FROM audit_entry WHERE action LIKE 'bot.%'")
    assert KEY not in kept
    assert "key_changed" in kept


async def test_a_stream_goes_on_behind_its_last_id_and_attempts_are_told(site: Site) -> None:
    await site.post_tasks(1)
    async with endpoint(streams("Half ", "of it", end=b""), streams("The ", "whole")) as fake:
        draft = {"kind": "openai", "base_url": fake.url, "model": "tiny"}
        await site.call("PUT", f"/projects/{site.project_id}/bot", site.frontend, draft)
        held = await site.claim(site.author)
        at = f"/assignments/{held['id']}/dialogue"
        await site.call("POST", at, site.author, {"epoch": 1, "topic": "Tea", "text": "How?"}, 201)

        failed = await stream(site, f"{at}/turns/1/reply")
        assert [event for event, _, _ in failed] == ["piece", "piece", "problem"]
        assert (failed[-1][2]["code"], failed[-1][2]["partial"]) == ("bot_cut", "Half of it")
        (attempt,) = (await site.call("GET", f"{at}/turns/1/attempts", site.author))["items"]
        assert (attempt["state"], attempt["code"], attempt["partial"]) == ("failed", "bot_cut", "Half of it")

        whole = await stream(site, f"{at}/turns/1/reply", failed[0][1])
        assert whole[0][2] == {"text": "The ", "again": True}, "another call: what was read before is void"
        assert "again" not in whole[1][2]
        assert whole[-1][0] == "reply"
        assert whole[-1][2]["text"] == "The whole"
        await site.call("GET", f"{at}/turns/1/attempts", site.other, None, 404)
        await site.call("GET", f"{at}/turns/9/attempts", site.author, None, 404)
        assert len(fake.seen) == 2


async def stream(site: Site, path: str, heard: str | None = None) -> list[tuple[str, str, dict[str, object]]]:
    headers = site.author.headers | {"accept": "text/event-stream"} | ({"last-event-id": heard} if heard else {})
    answer = await site.client.post("/api/v1" + path, json={"epoch": 1}, headers=headers)
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in fields:
            found.append((fields["event"], fields.get("id", ""), msgspec.json.decode(fields["data"])))
    return found
