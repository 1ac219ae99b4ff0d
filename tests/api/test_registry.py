"""The registry, grants and credentials over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from kernel import db
from tests.api.conftest import Cast, Somebody

BAR = {"domain": "law", "kind": "licence", "title": "Bar"}


class Desk:
    """A client that speaks for somebody."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.last: httpx.Response

    async def call(
        self, method: str, path: str, who: Somebody, body: Any = None, status: int = 200, **headers: str
    ) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.last = await self._client.request(method, "/api/v1" + path, json=body, headers=who.headers | named)
        assert self.last.status_code == status, self.last.text
        return self.last.json() if self.last.content else None


async def test_domains_with_their_versions(client: httpx.AsyncClient, cast: Cast) -> None:
    desk, boss = Desk(client), await cast.person("boss", ["manager"])
    ann = await cast.person("ann", ["annotator"], works=True)
    heart = {"code": "cardiology", "name_en": "Cardiology", "name_zh": "心脏病学", "parent": "medicine"}
    made = await desk.call("POST", "/domains", boss, heart, 201)
    assert (made["parent"], made["depth"], desk.last.headers["etag"]) == ("medicine", 1, '"1"')
    assert (await desk.call("POST", "/domains", boss, heart, 409))["code"] == "domain_exists"
    for code in ("X", "ä", "a", "1a", "a" * 41, "a b"):
        assert (await desk.call("POST", "/domains", boss, heart | {"code": code}, 422))["code"] == "invalid"
    moved = await desk.call("PUT", "/domains/cardiology", boss, {"parent": "law"}, if_match='"1"')
    assert (moved["parent"], moved["version"]) == ("law", 2)
    await desk.call("PUT", "/domains/cardiology", boss, {"name_en": "Heart"}, 412, if_match='"1"')
    assert (await desk.call("PUT", "/domains/law", boss, {"parent": "cardiology"}, 409))["code"] == "bad_tree"
    assert (await desk.call("PUT", "/domains/cardiology", boss, {"parent": None}))["parent"] is None
    await desk.call("POST", "/domains/cardiology/archive", boss, {}, 422)
    await desk.call("POST", "/domains/cardiology/archive", boss, {"reason": "unused"})
    listed = (await desk.call("GET", "/domains", ann))["items"]
    assert [one["code"] for one in listed if one["archived"]] == ["cardiology"]
    refused = await desk.call("PUT", f"/annotators/{ann.annotator_id}/skills/cardiology", boss, {"level": 3}, 409)
    assert refused["code"] == "domain_archived"
    await desk.call("POST", "/domains/cardiology/restore", boss, {"reason": "used"})
    told = await db.fetch("SELECT data FROM event WHERE type = 'registry.changed' ORDER BY seq")
    assert [row["data"]["change"] for row in told] == ["added", "changed", "changed", "archived", "restored"]


async def test_levels_roles_and_kinds(client: httpx.AsyncClient, cast: Cast) -> None:
    desk, boss = Desk(client), await cast.person("boss", ["manager"])
    ann = await cast.person("ann", ["annotator"], works=True)
    level = {"name_en": "Master", "name_zh": "大师"}
    changed = await desk.call("PUT", "/levels/skill/4", boss, level)
    assert (changed["name_en"], changed["description_en"]) == (
        "Master",
        "Does difficult work, and sees the mistakes of others.",
    )
    await desk.call("PUT", "/levels/skill/6", boss, level, 404)
    await desk.call("PUT", "/levels/mood/1", boss, level, 404)
    await desk.call("POST", "/roles", boss, {"code": "rater", "name_en": "Rater", "name_zh": "评分员"}, 201)
    await desk.call("POST", "/roles/rater/archive", boss, {"reason": "unused"})
    roles = {one["code"]: one for one in (await desk.call("GET", "/roles", boss))["items"]}
    assert (roles["rater"]["archived"], roles["annotator"]["holders"]) == (True, 1)
    assert {one["holders"] for one in (await desk.call("GET", "/roles", ann))["items"]} == {None}
    kind = {"name_en": "Review", "name_zh": "审核", "own_skill": False}
    assert not (await desk.call("PUT", "/task-kinds/review", boss, kind, if_match='"1"'))["own_skill"]
    await desk.call("PUT", "/task-kinds/nothing", boss, kind, 404)


async def test_grants_and_languages(client: httpx.AsyncClient, cast: Cast) -> None:
    desk, boss = Desk(client), await cast.person("boss", ["manager"])
    vendor = await cast.person("vendor", ["manager"], vendor="North")
    ann = await cast.person("ann", ["annotator"], vendor="North", works=True)
    at = f"/annotators/{ann.annotator_id}"
    wish = {"everywhere": ["annotator", "reviewer"], "reason": "promoted"}
    await desk.call("PUT", f"{at}/roles", vendor, wish, 403)
    await desk.call("PUT", f"{at}/roles", boss, {"everywhere": ["annotator"]}, 422)
    await desk.call("PUT", f"{at}/roles", boss, wish | {"projects": {str(uuid4()): ["reviewer"]}}, 422)
    granted = await desk.call("PUT", f"{at}/roles", boss, wish)
    assert {(one["role"], one["project_id"]) for one in granted["items"]} == {("annotator", None), ("reviewer", None)}
    assert (await desk.call("PUT", f"{at}/languages", boss, {"zh-hant-hk": 4}))["languages"] == {"zh-Hant-HK": 4}
    assert (await desk.call("PUT", f"{at}/languages", boss, {"en_US": 4}, 422))["code"] == "bad_language"
    await desk.call("PUT", f"{at}/languages", boss, {"en": 6}, 422)


async def test_credentials_are_shown_by_their_owner_and_decided_by_managers(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    desk, boss = Desk(client), await cast.person("boss", ["manager"])
    vendor = await cast.person("north", ["manager"], vendor="North")
    rival = await cast.person("south", ["manager"], vendor="South")
    ann = await cast.person("ann", ["annotator"], vendor="North", works=True)
    bob = await cast.person("bob", ["annotator"], vendor="South", works=True)
    at = f"/annotators/{ann.annotator_id}/credentials"
    assert (await desk.call("POST", at, ann, BAR | {"verified": True}, 403))["code"] == "beyond_own_rights"
    made = await desk.call("POST", at, ann, BAR, 201)
    one = f"/credentials/{made['id']}"
    await desk.call("POST", at, bob, BAR, 404)
    await desk.call("POST", at, vendor, BAR, 403)
    await desk.call("POST", f"{one}/verify", ann, {"reason": "me"}, 403)
    await desk.call("POST", f"{one}/verify", boss, {}, 422)
    seen = await desk.call("POST", f"{one}/verify", boss, {"reason": "checked"}, if_match='"1"')
    assert (seen["state"], seen["counts"], desk.last.headers["etag"]) == ("verified", True, '"2"')
    await desk.call("POST", f"{one}/revoke", boss, {"reason": "late"}, 412, if_match='"1"')
    assert (await desk.call("POST", f"{one}/refuse", boss, {"reason": "x"}, 409))["code"] == "credential_decided"
    await desk.call("PUT", one, bob, BAR, 404)
    changed = await desk.call("PUT", one, ann, BAR | {"title": "Bar, renewed"})
    assert (changed["state"], changed["title"]) == ("unverified", "Bar, renewed")
    verified = await desk.call("POST", at, boss, BAR | {"title": "Notary", "verified": True}, 201)

    for who, count in ((boss, 2), (vendor, 2), (rival, 0), (ann, 2), (bob, 0)):
        assert len((await desk.call("GET", "/credentials", who))["items"]) == count, who
    assert [row["id"] for row in (await desk.call("GET", "/credentials?state=verified", boss))["items"]] == [
        verified["id"]
    ]
    await desk.call("GET", "/credentials?state=lost", boss, None, 422)
    await desk.call("GET", at, rival, None, 404)
    colleague = await cast.person("eve", ["annotator"], vendor="North", works=True)
    await desk.call("GET", at, colleague, None, 404)
    assert (await desk.call("GET", "/credentials", colleague))["items"] == [], (
        "a colleague of the same vendor is no manager"
    )
    skills = {
        row["domain"]: row for row in (await desk.call("GET", f"/annotators/{ann.annotator_id}/skills", ann))["items"]
    }
    assert skills["law"]["proof"]["title"] == "Notary"
    assert skills["law"]["reason_code"] in {"proven", "bound_too_low"}
    assert skills["medicine"]["reason_code"] == "no_proof"
    await desk.call("DELETE", one, ann, None, 204)
    assert await db.fetch_value("SELECT count(*) FROM credential WHERE id = :id", id=UUID(made["id"])) == 0


async def test_what_expires_comes_page_by_page(client: httpx.AsyncClient, cast: Cast) -> None:
    desk, boss = Desk(client), await cast.person("boss", ["manager"])
    ann = await cast.person("ann", ["annotator"], works=True)
    for left in (20, 3, 9, 3, 60, 0, -1):
        made = await desk.call(
            "POST", f"/annotators/{ann.annotator_id}/credentials", boss, BAR | {"verified": True}, 201
        )
        await db.execute("UPDATE credential SET expires_on = current_date + :left::int WHERE id = :id", left=left, id=UUID(made["id"]))  # fmt: skip
    found: list[int] = []
    cursor = ""
    while True:
        page = await desk.call("GET", f"/credentials?expiring_within_days=30&limit=2{cursor}", boss)
        found += [row["days_left"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [0, 3, 3, 9, 20]
    waiting = await desk.call("GET", "/credentials?limit=3", boss)
    rest = await desk.call("GET", f"/credentials?limit=200&cursor={waiting['next_cursor']}", boss)
    assert len({row["id"] for row in [*waiting["items"], *rest["items"]]}) == 7
