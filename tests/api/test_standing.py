"""Standing over HTTP: rules, restrictions, appeals, and whose they are."""

from typing import Any

import httpx
import pytest

from kernel import db
from kernel.settings import Settings
from skills import standing_judging
from tests.api.conftest import Cast, Somebody

RULE = {
    "name": "Too many rejected", "condition": {"kind": "rejected", "count": 2, "last": 5}, "action": "pause",
    "reason_en": "Two of five were rejected.", "lasts_days": 3,
}  # fmt: skip
GONE = "00000000-0000-7000-8000-000000000009"


class Office:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(
        self, method: str, path: str, who: Somebody, body: Any = None, status: int = 200, **headers: str
    ) -> Any:
        answer = await self._client.request(method, "/api/v1" + path, json=body, headers=who.headers | headers)
        assert answer.status_code == status, answer.text
        return answer.json()


class People:
    office: Office
    boss: Somebody
    other: Somebody
    ann: Somebody
    vendor_boss: Somebody
    stranger: Somebody


@pytest.fixture
async def people(client: httpx.AsyncClient, cast: Cast) -> People:
    found = People()
    found.office = Office(client)
    found.boss, found.other = await cast.person("my-boss", ["manager"]), await cast.person("my-other", ["manager"])
    found.ann = await cast.person("my-ann", ["annotator"], works=True, vendor="North")
    found.vendor_boss = await cast.person("my-north", ["manager"], vendor="North")
    found.stranger = await cast.person("my-eve", ["annotator"], works=True, vendor="South")
    return found


async def reject(annotator_id: Any, count: int) -> None:
    async with db.transaction("test"):
        for _ in range(count):
            await db.execute(
                "INSERT INTO evidence (id, annotator, domain, kind, outcome, weight, difficulty_mean, difficulty_variance, source_type, source_id)"
                " VALUES (gen_random_uuid(), :a, 'finance', 'review_verdict', 0, 1, 0, 0.25, 'submission', gen_random_uuid())", a=annotator_id,
            )  # fmt: skip


async def judge(annotator_id: Any) -> None:
    async with db.transaction("system:worker"):
        await standing_judging.judge(annotator_id)


async def test_a_rule_from_its_draft_to_its_end(people: People) -> None:
    call, boss, ann = people.office.call, people.boss, people.ann
    assert (await call("POST", "/standing-rules", boss, RULE | {"lasts_days": 3, "action": "ask_manager"}, 422))["code"] == "bad_standing_rule"  # fmt: skip
    unknown = await call("POST", "/standing-rules", boss, RULE | {"condition": {"kind": "whim"}}, 422)
    assert "condition" in str(unknown["errors"])
    rule = await call("POST", "/standing-rules", boss, RULE, 201)
    assert (rule["on"], rule["version"], rule["reason_zh"], rule["active"]) == (False, 1, RULE["reason_en"], 0)
    assert (await call("POST", "/standing-rules", boss, RULE, 409))["code"] == "standing_rule_exists"
    at = f"/standing-rules/{rule['id']}"
    await reject(ann.annotator_id, 2)
    seen = await call("POST", "/standing-rules/preview", boss, RULE)
    assert [(one["annotator_id"], one["domain"], one["value"]) for one in seen["touched"]] == [(str(ann.annotator_id), "finance", 2)]  # fmt: skip
    assert (await call("GET", "/standing", boss))["items"] == []
    assert (await call("POST", f"{at}/switch", boss, {"on": True}))["version"] == 2
    assert await db.fetch_value("SELECT count(*) FROM job WHERE name = 'skills.judge_everybody'") == 1
    await judge(ann.annotator_id)
    (mine,) = (await call("GET", "/standing", ann))["items"]
    assert (mine["state"], mine["by"], mine["measure"]["value"], mine["measure"]["of"]) == ("active", "rule", 2, 2)
    assert mine["ends_at"] is not None
    (public,) = (await call("GET", "/standing-rules", ann))["items"]
    assert public["active"] is None
    assert len((await call("GET", "/standing-rules", boss))["items"]) > 1

    assert (await call("PUT", at, boss, RULE, 412, **{"if-match": '"1"'}))["code"] == "precondition_failed"
    assert (await call("PUT", at, boss, RULE | {"lasts_days": None}, **{"if-match": '"2"'}))["version"] == 3
    assert await call("POST", f"{at}/lift", boss, {"reason": "Too strict."}) == {"lifted": 1}
    assert [one["state"] for one in (await call("GET", "/standing?state=active", boss))["items"]] == []
    assert [one["end_reason"] for one in (await call("GET", "/standing?state=lifted&action=pause&domain=finance", boss))["items"]] == ["Too strict."]  # fmt: skip
    assert (await call("POST", f"/standing-rules/{GONE}/switch", boss, {"on": True}, 404))["code"] == "standing_rule_not_found"  # fmt: skip


async def test_an_appeal_has_four_eyes(people: People) -> None:
    call, ann = people.office.call, people.ann
    path = f"/annotators/{ann.annotator_id}/standing"
    body = {"action": "pause", "domain": "finance", "reason_en": "Copied.", "until": "2099-01-01T00:00:00Z"}
    made = await call("POST", path, people.boss, body, 201)
    assert (made["by"], made["state"], made["measure"]) == ("manager", "active", None)
    at = f"/standing/{made['id']}"
    appealed = await call("POST", f"{at}/appeal", ann, {"text": "It was a quotation."})
    assert (appealed["appeal"]["state"], appealed["appeal"]["overdue"]) == ("open", False)
    assert (await call("POST", f"{at}/appeal", ann, {"text": "Again."}, 409))["code"] == "appeal_made"
    assert [one["id"] for one in (await call("GET", "/standing?appeal=open", people.other))["items"]] == [made["id"]]
    refusal = {"grant": False, "answer": "No source was named."}
    assert (await call("POST", f"{at}/decide", people.boss, refusal, 403))["code"] == "own_decision"
    refused = await call("POST", f"{at}/decide", people.other, refusal)
    assert (refused["state"], refused["appeal"]["state"], refused["appeal"]["answer"]) == ("active", "refused", refusal["answer"])  # fmt: skip
    assert (await call("POST", f"{at}/decide", people.other, refusal, 409))["code"] == "no_open_appeal"
    lifted = await call("POST", f"{at}/lift", people.boss, {"reason": "Long enough."})
    assert (lifted["state"], lifted["end_reason"]) == ("lifted", "Long enough.")
    assert (await call("POST", f"{at}/lift", people.boss, {"reason": "?"}, 409))["code"] == "standing_over"
    events = [one["type"] for one in (await call("GET", "/events", ann))["items"] if "." in one["type"]]
    assert events[-4:] == ["standing.imposed", "appeal.opened", "appeal.decided", "standing.lifted"]


async def test_what_is_anothers_is_not_there(people: People, cast: Cast) -> None:
    call, ann = people.office.call, people.ann
    path = f"/annotators/{ann.annotator_id}/standing"
    made = await call("POST", path, people.boss, {"action": "ask_manager", "reason_zh": "请联系。"}, 201)
    assert made["reason_en"] == "请联系。"
    assert len((await call("GET", path, people.vendor_boss))["items"]) == 1
    assert len((await call("GET", "/standing", people.vendor_boss))["items"]) == 1
    assert (await call("GET", "/standing", people.stranger))["items"] == []
    assert (await call("GET", path, people.stranger, status=404))["code"] == "annotator_not_found"
    at = f"/standing/{made['id']}"
    assert (await call("POST", f"{at}/appeal", people.stranger, {"text": "?"}, 404))["code"] == "standing_not_found"
    await call("POST", f"{at}/lift", people.vendor_boss, {"reason": "?"}, 403)
    program = await cast.program(["work"], owner=people.boss)
    assert (await call("POST", f"{at}/appeal", program, {"text": "They ask why."}))["appeal"]["text"] == "They ask why."


async def test_colleagues_of_one_vendor_do_not_read_each_other(people: People, cast: Cast) -> None:
    """The vendor of an account widens what its manager sees, and nobody else."""
    colleague = await cast.person("colleague", ["annotator"], works=True, vendor="North")
    path = f"/annotators/{people.ann.annotator_id}/standing"
    await people.office.call("POST", path, people.boss, {"action": "ask_manager", "reason_en": "?"}, 201)
    assert (await people.office.call("GET", "/standing", colleague))["items"] == []
    await people.office.call("GET", path, colleague, status=404)
    await people.office.call("GET", f"/annotators/{people.ann.annotator_id}/earnings", colleague, status=404)


async def test_lists_go_page_by_page(people: People) -> None:
    call, path = people.office.call, f"/annotators/{people.ann.annotator_id}/standing"
    for n in range(3):
        await call("POST", path, people.boss, {"action": "ask_manager", "reason_en": f"{n}"}, 201)
    first = await call("GET", "/standing?limit=2", people.boss)
    rest = await call("GET", f"/standing?limit=2&cursor={first['next_cursor']}", people.boss)
    assert [one["reason_en"] for one in first["items"] + rest["items"]] == ["2", "1", "0"]
    assert rest["next_cursor"] is None


async def test_a_claim_says_what_is_paused(
    people: People, client: httpx.AsyncClient, cast: Cast, settings: Settings
) -> None:
    from tests.api.slice import Site

    site = await Site(client, cast).open(min_turns=1)
    await site.post_tasks(1)
    call = people.office.call
    body = {"action": "pause", "reason_en": "Take a rest.", "until": "2099-01-01T00:00:00Z"}
    await call("POST", f"/annotators/{site.author.annotator_id}/standing", people.boss, body, 201)
    claim = await call("POST", "/assignments/claim", site.author, {"limit": 1})
    assert (claim["reason"], claim["counts"]) == ("not_eligible", {"standing": 1})
    assert "Take a rest." in claim["detail"]
