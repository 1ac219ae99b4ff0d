"""Snapshots over HTTP: made, followed, taken away, and refused to those who may not."""

import hashlib
import json
from typing import Any

import httpx

from kernel import db, outbox
from kernel.settings import Settings
from tests.api.conftest import Cast
from tests.dialogue.exporting import rich_and_accepted
from tests.dialogue.test_round_trips import tree


async def work_off(settings: Settings) -> int:
    """As the worker does: every job that waits, and those that follow."""
    done = 0
    while ids := await outbox.take_due_jobs(settings):
        for one in ids:
            done += await outbox.run_job(one, settings)
    return done


async def test_a_snapshot_is_made_followed_and_taken_away(
    client: httpx.AsyncClient, cast: Cast, settings: Settings
) -> None:
    desk = await rich_and_accepted(settings)
    manager = await cast.person("manager", ["manager"])
    at = f"/api/v1/projects/{desk.project_id}/exports"

    async def post(path: str, body: Any, **headers: str) -> httpx.Response:
        return await client.post(path, json=body, headers=manager.headers | headers)

    assert (await post(f"{at}/count", {})).json() == {"work": 1, "imported": 0}
    made = await post(at, {"format": "openai", "filters": {"languages": ["en"]}}, **{"idempotency-key": "one"})
    again = await post(at, {"format": "openai", "filters": {"languages": ["en"]}}, **{"idempotency-key": "one"})
    assert (made.status_code, made.json()["state"], again.json()["id"]) == (201, "making", made.json()["id"])
    one = f"{at}/{made.json()['id']}"
    early = await client.get(f"{one}/file", headers=manager.headers)
    assert (early.status_code, early.json()["code"]) == (409, "export_not_ready")
    assert await work_off(settings)
    ready = (await client.get(one, headers=manager.headers)).json()
    assert (ready["state"], ready["done"], ready["lines"], ready["filters"]["languages"]) == ("ready", 1, 1, ["en"])
    file = await client.get(f"{one}/file", headers=manager.headers)
    assert hashlib.sha256(file.content).hexdigest() == ready["sha256"] == file.headers["etag"].strip('"')
    assert file.headers["content-disposition"].startswith('attachment; filename="openai-')
    assert (file.headers["content-type"], int(file.headers["content-length"])) == (
        "application/x-ndjson",
        ready["size"],
    )
    assert json.loads(file.content)["messages"][0]["content"].startswith("<script>")
    listed = (await client.get(at, headers=manager.headers)).json()
    assert [item["id"] for item in listed["items"]] == [ready["id"]]
    actors = await db.fetch(
        "SELECT action FROM audit_entry WHERE subject_type = 'export' AND actor LIKE 'person:%' ORDER BY seq"
    )
    assert [row["action"] for row in actors] == ["export.made", "export.downloaded"]


async def test_what_cannot_be_made_is_refused(client: httpx.AsyncClient, cast: Cast, settings: Settings) -> None:
    desk = await rich_and_accepted(settings)
    manager = await cast.person("manager", ["manager"])
    wishes: list[tuple[dict[str, Any], int, str]] = [
        ({"format": "excel"}, 422, "export_format_unknown"),
        ({"format": "openai", "filters": {"dimension": "x"}}, 422, "bad_export_filter"),
        ({"format": "openai", "filters": {"unknown": 1}}, 422, "invalid"),
        ({"format": "openai", "identities": "real", "reason": "why"}, 403, "forbidden"),
    ]
    for body, status, code in wishes:
        answer = await client.post(f"/api/v1/projects/{desk.project_id}/exports", json=body, headers=manager.headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_real_ids_are_for_administrators_with_a_reason(
    client: httpx.AsyncClient, cast: Cast, settings: Settings
) -> None:
    desk = await rich_and_accepted(settings)
    admin, manager = await cast.person("admin", ["admin"]), await cast.person("manager", ["manager"])
    at = f"/api/v1/projects/{desk.project_id}/exports"
    body = {"format": "callboard", "identities": "real"}
    assert (await client.post(at, json=body, headers=admin.headers)).json()["code"] == "export_reason_missing"
    made = await client.post(at, json=body | {"reason": "Court order"}, headers=admin.headers)
    await work_off(settings)
    file = f"{at}/{made.json()['id']}/file"
    assert (await client.get(file, headers=manager.headers)).status_code == 403
    assert str(desk.held.annotator_id) in (await client.get(file, headers=admin.headers)).text


async def test_trees_come_in_over_http_and_go_out_equal(
    client: httpx.AsyncClient, cast: Cast, settings: Settings
) -> None:
    desk = await rich_and_accepted(settings)
    manager = await cast.person("manager", ["manager"])
    at = f"/api/v1/projects/{desk.project_id}"
    headers = manager.headers | {"content-type": "application/x-ndjson"}
    bad = tree("bad") | {"prompt": {"message_id": "bad"}}
    body = "\n".join(json.dumps(one) for one in (tree("t1"), bad, tree("t2")))
    refused = await client.post(f"{at}/tasks/import?mapping=oasst", content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"], refused.json()["errors"][0]["line"]) == (
        422,
        "import_refused",
        2,
    )
    taken = await client.post(f"{at}/tasks/import?mapping=auto&skip_bad_lines=true", content=body, headers=headers)
    assert (taken.json()["mapping"], taken.json()["created"]) == ("oasst", 2)
    made = await client.post(
        f"{at}/exports", json={"format": "oasst", "filters": {"what": "imported"}}, headers=manager.headers
    )
    await work_off(settings)
    file = await client.get(f"{at}/exports/{made.json()['id']}/file", headers=manager.headers)
    assert [json.loads(line) for line in file.text.splitlines()] == [tree("t1"), tree("t2")]
