"""Dialogues that branch, over HTTP: rules, rubric and topics of a project, candidates, ranks, scores, undo, handing in."""

import httpx
import pytest

from tests.api.conftest import Cast
from tests.api.slice import Site

MODEL = "callboard-offline"


@pytest.fixture
async def site(client: httpx.AsyncClient, cast: Cast) -> Site:
    return await Site(client, cast).open()


async def test_a_project_says_what_it_asks_and_two_managers_do_not_overwrite_each_other(site: Site) -> None:
    at = f"/projects/{site.project_id}"
    assert (await site.call("GET", f"{at}/dialogue", site.manager))["version"] == 0
    rules = await site.call("PUT", f"{at}/dialogue", site.manager, {"candidates": 2, "decision": "rank"})
    assert (rules["candidates"], rules["version"]) == (2, 1)
    stale = await site.call("PUT", f"{at}/dialogue", site.manager, {"candidates": 3}, 412, if_match='"0"')
    assert stale["code"] == "precondition_failed"
    await site.call("PUT", f"{at}/dialogue", site.manager, {"candidates": 99}, 422)
    assert (await site.call("GET", f"{at}/rubric", site.manager, None, 404))["code"] == "rubric_not_found"
    defaults = await site.call("GET", "/rubric-defaults", site.manager)
    assert len(defaults["dimensions"]) == 6
    rubric = await site.call("PUT", f"{at}/rubric", site.manager, defaults)
    assert rubric["version"] == 1
    assert (await site.call("PUT", f"{at}/rubric", site.manager, defaults))["version"] == 1, (
        "the same is no new version"
    )
    bad = {"dimensions": [{"code": "a", "name": {"en": "A"}, "lowest": 5, "highest": 1}]}
    assert (await site.call("PUT", f"{at}/rubric", site.manager, bad, 422))["code"] == "bad_rubric"
    await site.call("PUT", f"{at}/rubric", site.manager, {"dimensions": []})
    assert [one["version"] for one in (await site.call("GET", f"{at}/rubrics", site.manager))["items"]] == [2, 1]


async def test_a_dialogue_with_candidates_and_a_rubric_from_topic_to_payload(site: Site) -> None:
    project = f"/projects/{site.project_id}"
    await site.call(
        "PUT", f"{project}/dialogue", site.manager, {"candidates": 2, "decision": "rank", "topics": "quota"}
    )
    await site.call("PUT", f"{project}/rubric", site.manager, {
        "dimensions": [
            {"code": "help", "name": {"en": "Help"}, "comment_at": 2, "applies": ["reply"]},
            {"code": "whole", "name": {"en": "Whole"}, "lowest": 0, "highest": 1, "applies": ["dialogue"]},
        ],
        "span_labels": [{"code": "wrong", "name": {"en": "Wrong"}, "reason_required": True}],
    })  # fmt: skip
    quota = {"domain": "general", "language": "en", "wanted": 1, "topics": [{"text": "Green tea"}]}
    await site.call("PUT", f"{project}/topics", site.manager, {"quotas": [quota]})
    await site.post_tasks(1)
    held = await site.claim(site.author)
    at, epoch = f"/assignments/{held['id']}/dialogue", {"epoch": held["epoch"]}
    (open_quota,) = (await site.call("GET", f"{at}/topics", site.author))["items"]
    topic_id = open_quota["topics"][0]["id"]
    refused = await site.call("POST", at, site.author, epoch | {"topic": "Coffee", "text": "Hi"}, 409)
    assert refused["code"] == "topic_not_offered"
    opened = await site.call("POST", at, site.author, epoch | {"topic_id": topic_id, "text": "How long?"}, 201)
    assert opened["topic"] == "Green tea"
    asked = await site.call("POST", f"{at}/turns/1/candidates", site.author, epoch)
    choice = asked["choice"]
    one, two = (candidate["id"] for candidate in choice["candidates"])
    version = (await site.call("GET", at, site.author))["workspace"]["conversation"]["version"]
    wish = epoch | {"outcome": "ranked", "ranking": [[two], [one]], "version": version}
    talk = await site.call("PUT", f"{at}/choices/{choice['id']}", site.author, wish)
    assert talk["turns"][-1]["id"] == two
    moved = await site.call("PUT", f"{at}/choices/{choice['id']}", site.author, wish | {"ranking": [[one], [two]]}, 409)
    assert (moved["code"], moved["current"]["turns"][-1]["id"]) == ("conversation_moved", two)
    seen = [
        asked,
        talk,
        moved,
        await site.call("GET", at, site.author),
        await site.call("GET", f"{at}/tree", site.author),
    ]
    assert MODEL not in str(seen)
    missing = await site.call("POST", f"/assignments/{held['id']}/submit", site.author, epoch, 409)
    assert [(p["code"], p["turn_no"], p["dimension"]) for p in missing["problems"]] == [
        ("score_missing", 2, "help"), ("score_missing", None, "whole"),
    ]  # fmt: skip
    low = [{"dimension": "help", "value": 2, "turn_id": two}, {"dimension": "whole", "value": 1}]
    await site.call("PUT", f"{at}/scores", site.author, epoch | {"scores": low})
    problems = (await site.call("GET", at, site.author))["problems"]
    assert [(p["code"], p["turn_id"], p["dimension"]) for p in problems] == [("comment_missing", two, "help")]
    for wrong in (
        {"dimension": "help", "value": 6, "turn_id": two},
        {"dimension": "help", "value": 3},
        {"dimension": "help", "value": 3, "turn_id": one},
        {"dimension": "none", "value": 3, "turn_id": two},
    ):
        answer = await site.call("PUT", f"{at}/scores", site.author, epoch | {"scores": [wrong]}, 422)
        assert answer["code"] == "bad_score"
    low[0]["comment"] = "It forgets the temperature"
    await site.call("PUT", f"{at}/scores", site.author, epoch | {"scores": low})
    passage = epoch | {"text_version": 1, "from_char": 0, "to_char": 3, "label": "wrong"}
    assert (await site.call("POST", f"{at}/turns/{two}/spans", site.author, passage, 422))["code"] == "bad_span"
    span = await site.call("POST", f"{at}/turns/{two}/spans", site.author, passage | {"reason": "No"}, 201)
    assert (await site.call("POST", f"{at}/turns/{two}/spans", site.author, passage | {"reason": "No"}, 201)) == span
    other = await site.call(
        "POST", f"{at}/turns/{two}/spans", site.author, passage | {"to_char": 2, "reason": "x"}, 201
    )
    for _ in range(2):
        await site.call("DELETE", f"{at}/spans/{other['id']}?epoch={held['epoch']}", site.author, None, 204)
    await site.call("PUT", f"{at}/turns/{two}/text", site.author, epoch | {"text": "Two minutes."})
    versions = (await site.call("GET", f"{at}/turns/{two}/versions", site.author))["items"]
    assert [(v["version"], v["by_person"]) for v in versions] == [(1, False), (2, True)]
    assert "".join(p["text"] for p in versions[1]["changes"] if p["op"] != "del") == "Two minutes."
    await site.call("POST", f"/assignments/{held['id']}/submit", site.author, epoch)
    after = await site.call("GET", at, site.author)
    assert after["workspace"]["conversation"]["turns"][-1]["model"] == MODEL, "handed in, it says who was which"
    look = await site.claim(site.reviewer, kinds=["review"])
    payload = look["work"]["payload"]
    assert [c["rank"] for c in payload["choices"][0]["candidates"]] == [2, 1]
    assert (payload["rubric"]["version"], len(payload["rubric"]["scores"]), len(payload["spans"])) == (1, 2, 1)


async def test_undo_and_restart_over_http_and_the_stream_of_candidates(site: Site) -> None:
    await site.call("PUT", f"/projects/{site.project_id}/dialogue", site.manager, {"candidates": 2})
    await site.post_tasks(1)
    held = await site.claim(site.author)
    at, epoch = f"/assignments/{held['id']}/dialogue", {"epoch": held["epoch"]}
    await site.call("POST", at, site.author, epoch | {"topic": "Tea", "text": "How long?"}, 201)
    answer = await site.client.post(
        f"/api/v1{at}/turns/1/candidates", json=epoch, headers=site.author.headers | {"accept": "text/event-stream"}
    )
    events = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert (events.count("candidate"), events[-1], "piece" in events) == (2, "choice", True)
    assert MODEL not in answer.text
    single = await site.call("POST", f"{at}/turns/1/reply", site.author, epoch, 409)
    assert single["code"] == "candidates_wanted"
    choice = (await site.call("POST", f"{at}/turns/1/candidates", site.author, epoch))["choice"]
    first = choice["candidates"][0]["id"]
    body = epoch | {"outcome": "chosen", "chosen": first}
    await site.call("PUT", f"{at}/choices/{choice['id']}", site.author, body)
    back = await site.call("POST", f"{at}/undo", site.author, epoch)
    assert (len(back["turns"]), back["choice"]["state"]) == (1, "open")
    assert (await site.call("POST", f"{at}/undo", site.author, epoch, 409))["code"] == "nothing_to_undo"
    refused = await site.call("POST", f"{at}/restart", site.author, epoch | {"turn_id": first}, 409)
    assert refused["code"] == "not_preferred"
    await site.call("PUT", f"{at}/choices/{choice['id']}", site.author, body)
    message = back["turns"][0]["id"]
    again = await site.call("POST", f"{at}/restart", site.author, epoch | {"turn_id": message})
    assert len(again["turns"]) == 1
    tree = await site.call("GET", f"{at}/tree", site.author)
    assert (len(tree["turns"]), tree["head_id"]) == (3, message)
    stranger = await site.call("POST", f"{at}/restart", site.other, epoch | {"turn_id": message}, 404)
    assert stranger["code"] == "assignment_not_found"
