"""The roster over HTTP: whose people one sees and changes, files in and out, and the way back."""

import csv
import io
from typing import Any

import httpx
import msgspec
import pytest

from kernel import db
from tests.api.conftest import Cast, Somebody
from tests.api.slice import Site


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


@pytest.fixture
async def north(site: Site, cast: Cast) -> Somebody:
    return await cast.person("north", ["manager"], vendor="North")


async def send(
    site: Site, who: Somebody, data: bytes, query: str = "", *, media: str = "text/csv", status: int = 200
) -> Any:
    headers = who.headers | {"content-type": media}
    answer = await site.client.post(f"/api/v1/annotators/import{query}", content=data, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def names(site: Site, who: Somebody, query: str = "") -> list[str]:
    found = await site.call("GET", f"/annotators{query}", who)
    return [one["display_name"] for one in found["items"]]


async def test_filters_sorts_and_what_is_included(site: Site, north: Somebody) -> None:
    assert await names(site, site.manager) == ["author", "other", "reviewer"]
    assert await names(site, site.manager, "?sort=-name") == ["reviewer", "other", "author"]
    assert await names(site, site.manager, "?role=reviewer&language=en&language_level=5") == ["reviewer"]
    assert await names(site, site.manager, "?domain=finance&level=4&level_of=mean") == ["author", "other", "reviewer"]
    assert await names(site, site.manager, "?domain=finance&level=5") == []
    assert await names(site, north) == ["author"]
    assert await names(site, north, "?q=oth") == []
    assert await names(site, site.author, "?state=active") == ["author"]
    full = await site.call("GET", "/annotators?include=skills,load,total&domain=law&limit=1", site.manager)
    assert full["total"] == 3
    assert full["next_cursor"]
    (one,) = full["items"]
    assert [(skill["domain"], skill["seen"]) for skill in one["skills"]] == [("law", False)]
    assert one["load"]["free"] == 3
    assert "credentials" not in one
    plain = (await site.call("GET", "/annotators?limit=1", site.manager))["items"][0]
    assert {"skills", "load", "standing", "roles_everywhere"}.isdisjoint(plain)


async def test_pages_go_on_where_the_last_one_ended(site: Site) -> None:
    for sort in ("name", "-name", "load", "-acceptance", "skill"):
        seen, cursor = [], ""
        while True:
            found = await site.call("GET", f"/annotators?limit=1&sort={sort}&domain=law{cursor}", site.manager)
            seen += [one["display_name"] for one in found["items"]]
            if found["next_cursor"] is None:
                break
            cursor = f"&cursor={found['next_cursor']}"
        assert sorted(seen) == ["author", "other", "reviewer"], sort


@pytest.mark.parametrize(
    "query",
    [
        "?sort=shoe_size",
        "?level=3",
        "?domain=law&level=6",
        "?state=happy",
        "?include=secrets",
        "?colour=red",
        "?sort=skill",
    ],
)
async def test_a_wrong_filter_is_refused_and_never_ignored(site: Site, query: str) -> None:
    problem = await site.call("GET", f"/annotators{query}", site.manager, status=422)
    assert problem["code"] == "invalid"


async def test_many_are_changed_at_once_and_it_can_be_taken_back(site: Site, north: Somebody) -> None:
    ids = [str(site.author.annotator_id), str(site.other.annotator_id)]
    wish = {"ids": ids, "action": "pause", "reason": "Audit of accounts"}
    report = await site.call("POST", "/annotators/bulk", site.manager, wish, idempotency_key="one")
    assert (report["changed"], report["unchanged"], report["not_found"]) == (2, 0, 0)
    again = await site.call("POST", "/annotators/bulk", site.manager, wish, idempotency_key="one")
    assert again["bulk_id"] == report["bulk_id"], "a request sent twice is done once"
    assert await names(site, site.manager, "?state=paused") == ["author", "other"]
    await site.call("PUT", f"/annotators/{ids[1]}/state", site.manager, {"state": "left"})
    await site.call("POST", f"/annotators/bulk/{report['bulk_id']}/undo", north, status=404)
    back = await site.call("POST", f"/annotators/bulk/{report['bulk_id']}/undo", site.manager)
    assert (back["changed"], back["unchanged"]) == (1, 1), "whoever was changed meanwhile stays"
    assert await names(site, site.manager, "?state=active") == ["author", "reviewer"]
    await site.call("POST", f"/annotators/bulk/{report['bulk_id']}/undo", site.manager, status=404)


async def test_roles_and_capacity_by_filter(site: Site, north: Somebody) -> None:
    wish = {"filter": {"role": "annotator"}, "action": "grant_role", "role": "reviewer", "project_id": site.project_id}
    report = await site.call("POST", "/annotators/bulk", site.manager, wish)
    assert report["changed"] == 2
    assert len(await names(site, site.manager, f"?role=reviewer&project_id={site.project_id}")) == 3
    await site.call("POST", f"/annotators/bulk/{report['bulk_id']}/undo", site.manager)
    assert await names(site, site.manager, f"?role=reviewer&project_id={site.project_id}") == ["reviewer"]
    await site.call("POST", "/annotators/bulk", north, wish | {"project_id": None}, status=403)
    wish = {"filter": {}, "action": "set_capacity", "capacity": 7}
    assert (await site.call("POST", "/annotators/bulk", north, wish))["changed"] == 1, "only the vendor's own"
    assert await db.fetch_value("SELECT count(*) FROM annotator WHERE capacity = 7") == 1
    await site.call("POST", "/annotators/bulk", site.author, wish, status=403)
    for bad in ({"action": "pause", "filter": {}}, {"action": "activate"}, {"action": "grant_role", "filter": {}}):
        await site.call("POST", "/annotators/bulk", site.manager, bad, status=422)
    unknown = {"ids": [str(site.other.annotator_id)], "action": "pause", "reason": "not mine"}
    assert (await site.call("POST", "/annotators/bulk", north, unknown))["not_found"] == 1


FILE = """姓名,External ID,Vendor,roles,languages,skills,capacity,credentials,shoe size
陈伟,e1,,annotator,zh-cn:5 EN:3,medicine:4 law:2,4,medicine:licence:Physician:2030-01-31,41
Ada,e2,East,annotator reviewer,en:5,,,,42
Ada,e3,,,klingon,,,,43
,e4,,,,,,,44
Bob,e5,,,en:9,,,,45
Cy,e1,,,,,,,46
Dee,e6,,juggler,,,,,47
Eve,e7,,,,,400,,48
"""


@pytest.mark.parametrize(
    ("codec", "mark", "said"), [("utf-8-sig", "", "UTF-8"), ("gb18030", "", "GB18030"), ("utf-16", "", "UTF-16")]
)
async def test_a_file_is_tried_taken_and_taken_again(site: Site, codec: str, mark: str, said: str) -> None:
    before = await db.fetch_value("SELECT count(*) FROM annotator")
    dry = await send(site, site.manager, FILE.encode(codec), "?dry_run=true")
    assert (dry["created"], dry["updated"], dry["bad"], dry["encoding"]) == (2, 0, 6, said)
    assert dry["ignored_columns"] == ["shoe size"]
    assert await db.fetch_value("SELECT count(*) FROM annotator") == before, "a dry run writes nothing"
    assert {line["line"]: line["reason"].split(":")[0] for line in dry["lines"] if line["outcome"] == "bad"} == {
        4: "languages", 5: "display_name is empty", 6: "languages", 7: "the same person stands already on line 2",
        8: "roles", 9: "capacity",
    }  # fmt: skip
    taken = await send(site, site.manager, FILE.encode(codec))
    assert (taken["created"], taken["bad"]) == (2, 6)
    chen = (await site.call("GET", "/annotators?q=e1&include=skills,credentials", site.manager))["items"][0]
    assert (chen["display_name"], chen["languages"], chen["capacity"]) == ("陈伟", {"zh-CN": 5, "en": 3}, 4)
    assert [(one["kind"], one["state"]) for one in chen["credentials"]] == [("licence", "unverified")]
    evidence = await db.fetch_value("SELECT count(*) FROM evidence")
    again = await send(site, site.manager, FILE.encode(codec))
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)
    assert await db.fetch_value("SELECT count(*) FROM evidence") == evidence, "the same file says nothing new"
    changed = await send(site, site.manager, FILE.replace("medicine:4 law:2,4", "medicine:5 law:2,6").encode(codec))
    (line,) = [line for line in changed["lines"] if line["outcome"] == "updated"]
    assert {one["field"]: (one["before"], one["after"]) for one in line["changes"]} == {
        "capacity": ("4", "6"), "skills": ("", "medicine:5"),
    }  # fmt: skip


async def test_a_vendors_manager_imports_for_that_vendor_alone(site: Site, north: Somebody) -> None:
    data = b"display_name,external_id,vendor,skills\nNew,n1,,\nOther,n2,South,\nSkilled,n3,North,law:5\n"
    done = await send(site, north, data)
    assert (done["created"], done["bad"]) == (1, 2)
    assert (
        await db.fetch_value(
            "SELECT v.name FROM annotator a JOIN vendor v ON v.id = a.vendor WHERE a.external_id = 'n1'"
        )
        == "North"
    )
    await db.execute("UPDATE annotator SET external_id = 's1' WHERE id = :id", id=site.other.annotator_id)
    stolen = await send(site, north, b"display_name,external_id\nMine now,s1\n")
    assert stolen["bad"] == 1
    assert "taken" in stolen["lines"][0]["reason"]
    await send(site, site.author, b"display_name\nX\n", status=403)
    assert (await send(site, site.manager, b"\x89PNG\x00", status=422))["code"] == "import_unreadable"
    assert (await send(site, site.manager, b"colour\nred\n", status=422))["code"] == "import_unreadable"
    await send(site, site.manager, b"{}", media="application/json", status=415)
    lines = (
        b'{"display_name": "J", "external_id": "j1", "languages": {"en": 4}, "roles": ["reviewer"]}\n{"display_name": 3'
    )
    done = await send(site, site.manager, lines, media="application/x-ndjson")
    assert (done["created"], done["bad"]) == (1, 1)


async def test_what_is_exported_can_be_imported_and_runs_nothing(site: Site, north: Somebody) -> None:
    await db.execute(
        "UPDATE annotator SET display_name = '=cmd|calc', external_id = 'x1' WHERE id = :id",
        id=site.author.annotator_id,
    )
    answer = await site.client.get("/api/v1/annotators/export?state=active", headers=site.manager.headers)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["display_name"] for row in rows] == ["'=cmd|calc", "other", "reviewer"]
    done = await send(site, site.manager, answer.content)
    assert (done["unchanged"], done["bad"], done["updated"], done["created"]) == (3, 0, 0, 0), done
    lines = await site.client.get("/api/v1/annotators/export?format=ndjson", headers=north.headers)
    assert [msgspec.json.decode(line)["display_name"] for line in lines.content.splitlines()] == ["=cmd|calc"]
    await site.call("GET", "/annotators/export?level=3", site.manager, status=422)
