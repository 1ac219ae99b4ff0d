"""What belongs to somebody else does not exist: the same 404 as for an id that was never given out."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import Cast, Somebody
from tests.api.slice import Site

# Of the author's things (vendor North): who reaches them. Reviewer and other work for South.
REACH = {
    "/tasks/{task}": {"author", "north", "manager", "frontend", "bound"},
    "/assignments/{assignment}": {"author", "north", "manager", "frontend", "bound"},
    "/assignments/{assignment}/dialogue": {"author", "frontend", "bound"},
    "/assignments/{assignment}/draft": {"author", "frontend", "bound"},
    "/annotators/{annotator}": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/skills": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/earnings": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/evidence": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/credentials": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/roles": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/standing": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/skills/general/history": {"author", "north", "manager", "frontend", "bound"},
    "/annotators/{annotator}/skills/general/next": {"author", "north", "manager", "frontend", "bound"},
}
ACTIONS: dict[str, dict[str, Any]] = {
    "heartbeat": {}, "draft": {"payload": {}}, "submit": {"payload": {}}, "release": {}, "decline": {"reason": "x"},
    "extension": {"minutes": 30, "reason": "x"}, "trouble": {"reason": "x"}, "verdict": {"outcome": "accept"}, "dialogue/turns": {"text": "x"}, "dialogue": {"topic": "x", "text": "x"},
    "dialogue/turns/1/reply": {}, "dialogue/turns/2/own-reply": {"text": "x"},
}  # fmt: skip


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def everybody(site: Site, cast: Cast) -> dict[str, Somebody]:
    return {
        "author": site.author, "other": site.other, "reviewer": site.reviewer, "manager": site.manager,
        "north": await cast.person("north", ["manager"], vendor="North"),
        "south": await cast.person("south", ["manager"], vendor="South"),
        "frontend": await cast.program(["work", "tasks:read", "ledger:read"], owner=site.manager),
        "bound": await cast.program(["admin"], annotator=site.author),
        "bound_other": await cast.program(["admin"], annotator=site.other),
    }  # fmt: skip


async def test_reading(site: Site, cast: Cast) -> None:
    await site.post_tasks(1)
    held = await site.claim(site.author)
    await site.call("POST", f"/assignments/{held['id']}/draft", site.author, {"epoch": held["epoch"], "payload": {}})
    ids = {"task": held["task"]["id"], "assignment": held["id"], "annotator": str(site.author.annotator_id)}
    wrong = []
    for name, who in (await everybody(site, cast)).items():
        for path, reach in REACH.items():
            mine = await site.client.get("/api/v1" + path.format(**ids), headers=who.headers)
            nobodys = await site.client.get("/api/v1" + path.format(**dict.fromkeys(ids, uuid4())), headers=who.headers)
            fits = mine.status_code == 200 if name in reach else _same(mine, nobodys)
            if not fits or nobodys.status_code not in {403, 404}:
                wrong.append(f"{name} {path}: {mine.status_code} {mine.text[:200]} / {nobodys.status_code}")
    assert not wrong, "\n".join(wrong)


def _same(mine: httpx.Response, nobodys: httpx.Response) -> bool:
    return mine.status_code in {403, 404} and _plain(mine) == _plain(nobodys)


def _plain(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name not in {"instance", "request_id"}}


async def test_doing(site: Site, cast: Cast) -> None:
    """Nobody touches another's hold, not even with the right epoch."""
    await site.post_tasks(1)
    held = await site.claim(site.author)
    strangers = await everybody(site, cast)
    for name in ("other", "reviewer", "bound_other"):
        for action, body in ACTIONS.items():
            answer = await site.client.post(
                f"/api/v1/assignments/{held['id']}/{action}",
                json=body | {"epoch": held["epoch"]},
                headers=strangers[name].headers,
            )
            assert answer.status_code == 404, f"{name} {action}: {answer.status_code} {answer.text}"
    for name in ("other", "bound_other"):
        await site.call(
            "POST", "/assignments/claim", strangers[name], {"annotator_id": str(site.author.annotator_id)}, 404
        )
    assert (await site.call("GET", f"/assignments/{held['id']}", site.author))["state"] == "live"


async def test_lists_hold_only_what_one_may_see(site: Site, cast: Cast) -> None:
    await site.post_tasks(4)
    mine, theirs = await site.claim(site.author), await site.claim(site.other)
    who = await everybody(site, cast)
    seen = {}
    for name in ("author", "other", "north", "south", "manager", "bound", "bound_other"):
        listed = await site.call("GET", "/assignments?state=live", who[name])
        seen[name] = {item["id"] for item in listed["items"]}
    both = {mine["id"], theirs["id"]}
    assert seen == {
        "author": {mine["id"]}, "other": {theirs["id"]}, "north": {mine["id"]}, "south": {theirs["id"]}, "manager": both,
        "bound": {mine["id"]}, "bound_other": {theirs["id"]},
    }  # fmt: skip
    for name, expected in (("author", {"author"}), ("north", {"author"}), ("south", {"other", "reviewer"})):
        people = await site.call("GET", "/annotators", who[name])
        assert {item["display_name"] for item in people["items"]} == expected
    money = await site.call("GET", "/ledger/transfers", who["north"])
    assert {line["annotator_id"] for line in money["items"]} == {str(site.author.annotator_id)}
    for name, events in (("author", mine), ("other", theirs), ("north", mine)):
        feed = await site.call("GET", "/events?limit=200", who[name])
        assert {item["data"].get("assignment_id") for item in feed["items"]} <= {events["id"], None}
        assert feed["items"]


async def test_what_is_known_of_a_person_stays_within_the_vendor(site: Site, cast: Cast) -> None:
    """Credentials, standing, exams and the roster: of the author (North), for everybody else."""
    who = await everybody(site, cast)
    person = str(site.author.annotator_id)
    paper = {"domain": "law", "kind": "licence", "title": "Bar"}
    credential = await site.call("POST", f"/annotators/{person}/credentials", site.author, paper, 201)
    by_hand = {"action": "ask_manager", "reason_en": "Please call.", "domain": "law"}
    standing = await site.call("POST", f"/annotators/{person}/standing", site.manager, by_hand, 201)
    exam = await site.call("POST", "/exams", site.manager, {"name": "E", "domain": "law", "language": "en", "cut_level": 2, "min_items": 1, "max_items": 2}, 201)  # fmt: skip
    items = [{"text": f"Q{n}", "options": ["a", "b"], "answer": 0, "difficulty": 0.0} for n in range(3)]
    await site.call("POST", f"/exams/{exam['id']}/items", site.manager, {"items": items}, 201)
    sat = await site.call("POST", f"/exams/{exam['id']}/attempts", site.author, {}, 201)
    attempt = f"/exams/{exam['id']}/attempts/{sat['id']}"
    for name in ("other", "reviewer", "bound_other", "south"):
        for method, path, body in (
            ("PUT", f"/credentials/{credential['id']}", paper),
            ("DELETE", f"/credentials/{credential['id']}", None),
            ("POST", f"/annotators/{person}/credentials", paper),
            ("POST", f"/credentials/{credential['id']}/verify", {"reason": "x"}),
            ("POST", f"/standing/{standing['id']}/appeal", {"text": "x"}),
            ("POST", f"/standing/{standing['id']}/lift", {"reason": "x"}),
            ("PUT", f"/annotators/{person}/state", {"state": "paused", "reason": "x"}),
            ("PUT", f"/annotators/{person}/capacity", {"capacity": 1}),
            ("PUT", f"/annotators/{person}/languages", {"languages": {}}),
            ("GET", attempt, None), ("POST", attempt + "/answers", {"position": 1, "choice": 0}), ("POST", attempt + "/finish", {}),
            ("POST", f"/exams/{exam['id']}/attempts", {"annotator_id": person}),
        ):  # fmt: skip
            answer = await site.client.request(method, "/api/v1" + path, json=body, headers=who[name].headers)
            assert answer.status_code in {403, 404}, f"{name} {method} {path}: {answer.status_code} {answer.text}"
        bulk = {"ids": [person], "action": "pause", "reason": "x"}
        answer = await site.client.post("/api/v1/annotators/bulk", json=bulk, headers=who[name].headers)
        assert answer.status_code == 403 or (answer.json()["changed"], answer.json()["not_found"]) == (0, 1), (
            answer.text
        )
    file = "display_name,vendor,roles,credentials\nauthor,North,reviewer,\nNew,North,adjudicator,\nPlain,North,annotator,\n"
    headers = who["north"].headers | {"content-type": "text/csv"}
    answer = await site.client.post("/api/v1/annotators/import", content=file, headers=headers)
    assert [line["outcome"] for line in answer.json()["lines"]] == ["bad", "bad", "created"], answer.text
    held = await site.call("GET", f"/annotators/{person}/roles", site.manager)
    assert [one["role"] for one in held["items"]] == ["annotator"]
    seen = {"author": True, "north": True, "manager": True, "bound": True}
    for name in ("author", "other", "reviewer", "north", "south", "manager", "bound", "bound_other"):
        for path in ("/credentials", "/standing"):
            listed = await site.call("GET", path, who[name])
            assert bool(listed["items"]) is seen.get(name, False), f"{name} {path}"
        roster = await site.call("GET", "/annotators?limit=200", who[name])
        assert (person in {one["id"] for one in roster["items"]}) is seen.get(name, False), name
        file = await site.client.get("/api/v1/annotators/export?format=ndjson", headers=who[name].headers)
        assert (person in file.text) is seen.get(name, False), name


async def test_nobody_gives_away_more_than_they_have(site: Site, cast: Cast) -> None:
    who = await everybody(site, cast)
    root = await cast.person("root", ["admin"])
    refused = [
        (site.manager, "/tokens", {"name": "t", "scopes": ["admin"]}),
        (site.manager, "/people", {"email": "a@b.c", "display_name": "A", "roles": ["admin"]}),
        (site.manager, "/people", {"email": "a@b.c", "display_name": "A", "roles": ["manager"]}),
        (who["north"], "/people", {"email": "a@b.c", "display_name": "A", "roles": ["manager"]}),
        (
            who["north"],
            "/people",
            {"email": "a@b.c", "display_name": "A", "roles": ["annotator"], "vendor_id": str(uuid4())},
        ),
        (who["north"], "/annotators", {"display_name": "A", "vendor": "South"}),
        (who["north"], "/annotators", {"display_name": "A", "skills": {"general": 5}}),
        (who["north"], "/annotators", {"display_name": "A", "roles": ["reviewer"]}),
    ]
    for actor, path, body in refused:
        answer = await site.call("POST", path, actor, body, 403)
        assert answer["code"] == "beyond_own_rights", path
    await site.call("PATCH", f"/people/{root.person_id}", site.manager, {"active": False}, 403)
    await site.call("PATCH", f"/people/{site.other.person_id}", who["north"], {"active": False}, 404)
    last = await site.call("PATCH", f"/people/{root.person_id}", root, {"roles": ["annotator"]}, 409)
    assert last["code"] == "last_admin"
    made = await site.call("POST", "/annotators", who["north"], {"display_name": "New"}, 201)
    assert made["vendor"] == "North"


async def test_a_token_never_outlives_its_owners_rights(site: Site, cast: Cast) -> None:
    root = await cast.person("root", ["admin"])
    token = await cast.program(["tasks:read"], owner=site.manager)
    await site.call("GET", "/tasks", token)
    await site.call("PATCH", f"/people/{site.manager.person_id}", root, {"roles": ["annotator"]})
    await site.call("GET", "/tasks", token, None, 403)
    await site.call("PATCH", f"/people/{site.manager.person_id}", root, {"active": False})
    await site.call("GET", "/tasks", token, None, 401)
