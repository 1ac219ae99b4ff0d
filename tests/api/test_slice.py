"""One task through the whole product over HTTP, and the promises that hold on the way."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from kernel import db, idempotency
from tests.api.conftest import Cast
from tests.api.slice import Site, money


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def test_a_task_is_worked_reviewed_and_paid(site: Site) -> None:
    ids = await site.post_tasks(1)
    held = await site.claim(site.author)
    assert held["price"] == {"amount": "0.750000", "currency": "USD"}
    assert held["lease_until"].endswith("Z")
    assert "CANARY-KEY" not in str(held)
    missing = await site.call("POST", f"/assignments/{held['id']}/submit", site.author, {"epoch": 1}, 409)
    assert (missing["code"], missing["problems"][0]["code"]) == ("not_ready", "not_begun")
    await site.converse(site.author, held)
    assert (await site.call("GET", f"/assignments/{held['id']}/dialogue", site.author))["problems"] == []
    submitted = await site.submit(site.author, held)
    assert submitted["state"] == "pending"

    review = await site.claim(site.reviewer, kinds=["review"])
    assert review["kind"] == "review"
    assert review["work"]["payload"]["turns"][1]["original_text"]
    assert str(site.author.annotator_id) not in str(review)
    assert "CANARY-KEY" in str(review["task"])
    verdict = {"epoch": review["epoch"], "outcome": "accept", "scores": {"helpfulness": 5}}
    given = await site.call("POST", f"/assignments/{review['id']}/verdict", site.reviewer, verdict)
    assert given["task_state"] == "accepted"

    earned = await site.call("GET", f"/annotators/{site.author.annotator_id}/earnings", site.author)
    assert earned["totals"][0]["posted"] == money("0.750000")
    assert earned["lines"][0]["state"] == "posted"
    budget = await site.call("GET", f"/projects/{site.project_id}/budget", site.frontend)
    assert (budget["posted"], budget["reserved"]) == (money("1.050000"), money("0.000000"))
    transfers = await site.call("GET", "/ledger/transfers?kind=post", site.frontend)
    assert sorted(line["amount"]["amount"] for line in transfers["items"]) == ["0.300000", "0.750000"]
    row = await site.call("GET", f"/tasks/{ids['t0']}", site.manager)
    assert row["state"] == "accepted"
    history = await site.call("GET", f"/tasks/{ids['t0']}/history", site.manager)
    assert history["items"][0]["what"] == "task.created"
    cost = await site.call("GET", "/reports/cost", site.manager)
    assert {line["kind"]: line["posted"]["amount"] for line in cost["items"]} == {
        "annotation": "0.750000", "review": "0.300000",
    }  # fmt: skip
    feed = await site.call("GET", "/events?limit=200", site.frontend)
    assert {"tasks.created", "submission.created", "verdict.given", "task.accepted"} <= {
        e["type"] for e in feed["items"]
    }


async def test_programs_work_on_behalf_of_people(site: Site) -> None:
    await site.post_tasks(1, kind="note")
    nobody = await site.call("POST", "/assignments/claim", site.frontend, {}, 422)
    assert nobody["code"] == "invalid"
    held = await site.claim(site.frontend, annotator_id=str(site.author.annotator_id))
    work = {"epoch": held["epoch"], "payload": {"text": "done"}}
    await site.call("POST", f"/assignments/{held['id']}/heartbeat", site.frontend, {"epoch": held["epoch"]})
    done = await site.call("POST", f"/assignments/{held['id']}/submit", site.frontend, work)
    again = await site.call("POST", f"/assignments/{held['id']}/submit", site.frontend, work)
    assert done["submission_id"] == again["submission_id"]
    other = await site.call(
        "POST", f"/assignments/{held['id']}/submit", site.frontend, work | {"payload": {"text": "other"}}, 409
    )
    assert other["code"] == "already_submitted"


async def test_an_empty_queue_says_why(site: Site) -> None:
    empty = await site.call("POST", "/assignments/claim", site.author, {})
    assert (empty["assignments"], empty["reason"]) == ([], "nothing_waiting")
    assert empty["retry_after_seconds"] > 0
    await site.post_tasks(1, difficulty=5, domain="law")
    barred = await site.call("POST", "/assignments/claim", site.author, {})
    assert barred["reason"] == "not_eligible"
    assert barred["counts"]


async def test_drafts_of_two_tabs_do_not_overwrite_each_other(site: Site) -> None:
    await site.post_tasks(1)
    held = await site.claim(site.author)
    at, draft = f"/assignments/{held['id']}/draft", {"epoch": held["epoch"], "payload": {"text": "one"}}
    assert (await site.call("POST", at, site.author, draft))["version"] == 1
    assert (await site.call("POST", at, site.author, draft, if_match='"1"'))["version"] == 2
    stale = await site.call("POST", at, site.author, draft, 412, if_match='"1"')
    assert stale["code"] == "precondition_failed"
    answer = await site.client.get("/api/v1" + at, headers=site.author.headers)
    assert (answer.headers["etag"], answer.json()["payload"]) == ('"2"', {"text": "one"})


async def test_a_retry_gets_the_first_answer_and_nothing_happens_twice(site: Site) -> None:
    await site.post_tasks(3)
    body: dict[str, Any] = {"limit": 1}
    headers = site.author.headers | {"idempotency-key": "claim-1"}

    async def claim() -> httpx.Response:
        return await site.client.post("/api/v1/assignments/claim", json=body, headers=headers)

    answers = await asyncio.gather(*(claim() for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.content for answer in answers}) == 1
    assert sorted("idempotent-replay" in answer.headers for answer in answers) == [False, True, True, True, True]
    assert await db.fetch_value("SELECT count(*) FROM assignment") == 1
    reused = await site.client.post("/api/v1/assignments/claim", json={"limit": 2}, headers=headers)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    other = await site.client.post(
        "/api/v1/assignments/claim", json=body, headers=site.other.headers | {"idempotency-key": "claim-1"}
    )
    assert "idempotent-replay" not in other.headers


async def test_a_failed_request_stores_nothing_and_may_be_tried_again(site: Site) -> None:
    headers = {"idempotency_key": "late"}
    await site.call("POST", "/projects", site.frontend, {"name": "Chat"}, 409, **headers)
    await db.execute("UPDATE project SET name = 'Renamed'")
    assert (await site.call("POST", "/projects", site.frontend, {"name": "Chat"}, 201, **headers))["name"] == "Chat"


async def test_tasks_come_once_however_often_they_are_posted(site: Site) -> None:
    first = await site.post_tasks(3)
    assert await site.post_tasks(3) == first
    line = {"domain": "general", "language": "en", "payload": {"title": "x"}}
    body = "\n".join(json.dumps({"external_id": f"n{n}", **line}) for n in range(4))
    at = f"/api/v1/projects/{site.project_id}/tasks/import"
    headers = site.frontend.headers | {"content-type": "application/x-ndjson"}
    done = await site.client.post(at, content=body, headers=headers)
    assert (done.status_code, done.json()["created"]) == (200, 4), done.text
    again = (await site.client.post(at, content=body, headers=headers)).json()
    assert (again["created"], again["already"]) == (0, True)
    bad = await site.client.post(
        at, content='{"external_id":"ok","domain":"general","language":"en"}\n{"no', headers=headers
    )
    assert (bad.status_code, bad.json()["code"]) == (422, "import_refused")
    assert bad.json()["errors"][0]["line"] == 2
    named = await site.client.post(at + "?mapping=/etc/passwd", content=body, headers=headers)
    assert named.status_code == 422
    assert "root" not in named.text
    listed = await site.call("GET", "/tasks?limit=5&domain=general", site.manager)
    rest = await site.call("GET", f"/tasks?limit=5&domain=general&cursor={listed['next_cursor']}", site.manager)
    names = [row["external_id"] for row in listed["items"] + rest["items"]]
    assert sorted(names) == ["n0", "n1", "n2", "n3", "t0", "t1", "t2"]
    assert rest["next_cursor"] is None


async def test_explain_names_the_condition_that_fails(site: Site) -> None:
    ids = await site.post_tasks(1, domain="law", difficulty=5)
    told = await site.call("GET", f"/tasks/{ids['t0']}/explain?annotator_id={site.author.annotator_id}", site.manager)
    assert told["would_get"] is False
    assert told["places"][0]["failures"]


async def test_publishing_needs_the_version_that_was_read(site: Site) -> None:
    at = f"/projects/{site.project_id}"
    answer = await site.client.get("/api/v1" + at, headers=site.manager.headers)
    version = answer.headers["etag"]
    paused = await site.call("POST", f"{at}/pause", site.manager, {"reason": "holiday"}, if_match=version)
    assert paused["state"] == "paused"
    stale = await site.call("POST", f"{at}/publish", site.manager, None, 412, if_match=version)
    assert stale["code"] == "precondition_failed"
    closed = await site.call("POST", f"{at}/close", site.manager)
    assert closed["state"] == "closed"
    wrong = await site.call("POST", f"{at}/publish", site.manager, None, 409)
    assert wrong["code"] == "wrong_state"


async def test_a_retry_while_the_first_is_still_under_way_is_told_to_wait(site: Site) -> None:
    who, body = site.manager, b'{"name":"Slow"}'
    request_hash = idempotency.fingerprint("POST", "/api/v1/projects?", body)
    async with db.transaction():
        assert await idempotency.begin(f"person:{who.person_id}", "slow", request_hash) is None
        token = db.engine.current_transaction.set(None)  # the request below is another connection's
        answer = await site.client.post(
            "/api/v1/projects",
            content=body,
            headers=who.headers | {"idempotency-key": "slow", "content-type": "application/json"},
        )
        db.engine.current_transaction.reset(token)
    assert (answer.status_code, answer.json()["code"]) == (409, "request_in_progress")
    assert answer.headers["retry-after"] == "1"


async def test_an_import_has_its_own_limit(site: Site, app: Litestar) -> None:
    app.state.settings = msgspec.structs.replace(app.state.settings, import_limit_bytes=10_000)
    headers = site.frontend.headers | {"content-type": "application/x-ndjson"}
    at = f"/api/v1/projects/{site.project_id}/tasks/import"
    answer = await site.client.post(at, content=b'{"external_id":"a"}\n' * 1000, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await db.fetch_value("SELECT count(*) FROM task") == 0


async def test_a_dry_run_writes_nothing(site: Site) -> None:
    headers = site.frontend.headers | {"content-type": "application/x-ndjson"}
    at = f"/api/v1/projects/{site.project_id}/tasks/import?dry_run=true"
    lines = '{"external_id":"a","domain":"general","language":"en","payload":{}}\n{"external_id":"a"}'
    told = (await site.client.post(at, content=lines, headers=headers)).json()
    assert (told["good"], told["bad"], told["import_id"]) == (1, 1, None)
    assert await db.fetch_value("SELECT count(*) FROM task") == 0


async def test_more_time_is_asked_for_and_granted_and_a_wrong_task_goes_back(site: Site) -> None:
    await site.post_tasks(1)
    held = await site.claim(site.author)
    at, epoch = f"/assignments/{held['id']}", held["epoch"]
    wish = {"epoch": epoch, "minutes": 30, "reason": "The source is long"}
    for _ in range(2):
        await site.call("POST", f"{at}/extension", site.author, wish, 204, idempotency_key="ask-once")
    assert await db.fetch_value("SELECT count(*) FROM event WHERE type = 'assignment.extension_asked'") == 1
    short = await site.call("POST", f"{at}/extension", site.author, wish | {"minutes": 1}, 422)
    assert short["code"] == "invalid"
    granted = [
        await site.call("POST", f"{at}/extend", site.manager, {"minutes": 30, "reason": "Fair"}, idempotency_key="once")
        for _ in range(2)
    ]
    moved = datetime.fromisoformat(granted[1]["deadline"]) - datetime.fromisoformat(held["deadline"])
    assert moved == timedelta(minutes=30)
    await site.call("POST", f"{at}/trouble", site.author, {"epoch": epoch, "reason": "The brief is empty"}, 204)
    assert (await site.call("GET", at, site.author))["state"] == "live"
    gone = {"epoch": epoch, "reason": "Nothing can be done", "keep": False}
    await site.call("POST", f"{at}/trouble", site.author, gone, 204)
    assert (await site.call("GET", at, site.author))["state"] == "declined"
    assert (await site.call("POST", f"{at}/trouble", site.author, gone, 409))["code"] == "lease_lost"
