"""The flow of time over HTTP: many tasks changed and put back, one under its version, calendars, ladders, the risk."""

import httpx
import pytest

from tests.api.conftest import Cast
from tests.api.slice import Site


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def test_many_are_changed_by_a_filter_and_put_back(site: Site) -> None:
    ids = await site.post_tasks(3)
    both = {"action": "set_priority", "priority": 5, "reason": "now", "ids": [ids["t0"]], "filter": {}}
    assert (await site.call("POST", "/tasks/bulk", site.manager, both, 422))["code"] == "invalid"
    wish = {"action": "set_priority", "priority": 5, "reason": "now", "filter": {"domain": "general", "search": "t1"}}
    report = await site.call("POST", "/tasks/bulk", site.manager, wish)
    assert [(line["external_id"], line["outcome"]) for line in report["items"]] == [("t1", "changed")]
    assert (await site.claim(site.author))["task"]["id"] == ids["t1"]
    at = f"/tasks/bulk/{report['bulk_id']}/undo"
    assert (await site.call("POST", at, site.manager))["changed"] == 1
    assert (await site.call("POST", at, site.manager, None, 404))["code"] == "task_change_not_found"


async def test_one_is_changed_under_the_version_that_was_read(site: Site) -> None:
    ids = await site.post_tasks(1)
    at = f"/tasks/{ids['t0']}"
    read = await site.client.get("/api/v1" + at, headers=site.manager.headers)
    body = {"priority": 5, "due_at": "2030-01-01T00:00:00Z", "difficulty": 3, "reason": "harder than it looked"}
    changed = await site.call("PATCH", at, site.manager, body, if_match=read.headers["etag"])
    assert (changed["priority"], changed["difficulty_band"], changed["due_at"][:10]) == (5, 3, "2030-01-01")
    stale = await site.call("PATCH", at, site.manager, {"priority": 1}, 412, if_match=read.headers["etag"])
    assert stale["code"] == "precondition_failed"
    assert (await site.call("PATCH", at, site.manager, {"due_at": None}))["due_at"] is None


async def test_a_project_gets_a_calendar_and_a_ladder(site: Site) -> None:
    hours = {"zone": "Europe/Berlin", "weekly": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-12-25"]}
    await site.call("PUT", "/calendars/office", site.manager, hours)
    assert [one["name"] for one in (await site.call("GET", "/calendars", site.manager))["items"]] == ["office"]
    wrong = await site.call("PUT", "/calendars/office", site.manager, hours | {"zone": "Mars"}, 422)
    assert "Mars" in wrong["detail"]
    at = f"/projects/{site.project_id}"
    ladder = [{"after_minutes": 30, "relax": {"min_level": -1}}]
    view = await site.call(
        "PATCH", at, site.manager, {"calendar": "office", "ladder": ladder, "task_expires_days": None}
    )
    assert (view["calendar"], view["ladder"][0]["after_minutes"], view["task_expires_days"]) == ("office", 30, None)
    bad = await site.call("PATCH", at, site.manager, {"ladder": [{"relax": {"min_level": -1}}]}, 422)
    assert "Step 1" in bad["detail"]
    assert (await site.call("PATCH", at, site.manager, {"calendar": "moon"}, 404))["code"] == "calendar_not_found"
    (risk,) = (await site.call("GET", "/reports/risk", site.manager))["items"]
    assert risk["forecast"]["reason"] == "nothing_waits"
