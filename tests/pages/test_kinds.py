"""Declared kinds through their pages, as a browser without scripts sends them."""

import html
import json
import re
from typing import Any

import pytest

from kernel import db
from tests.api.slice import task
from tests.forms.examples import ANSWERS, CUSTOM, PAYLOADS
from tests.pages.conftest import Play

FIELDS: dict[str, dict[str, str]] = {
    "preference_pair": {"f-preferred": "a", "f-strength": "2"},
    "preference_ranking": {"f-ranking-0": "2", "f-ranking-1": "2", "f-ranking-2": "1", "f-comment": "c asks to taste"},
    "rating": {"f-helpfulness": "4", "f-factuality": "5", "f-fluency": "5"},
    "prompt_writing": {"f-prompt": "Which tea is good in the evening?"},
    "rewriting": {"f-text": "People drink tea.", "f-changes-3": "length"},
    "dialogue_evaluation": {
        "f-replies-2": "4",
        "f-goal": "reached",
        "f-coherence": "5",
        "f-tone": "4",
        "f-worst_turn": " 2 ",
    },
    "choice": {"f-label": "Sencha"},
    "labels": {"f-labels-0": "drink", "f-labels-1": "song"},
    "spans": {"f-spans": "14-19 place\r\n"},
}


async def take(play: Play, kind: str) -> str:
    await db.execute("UPDATE slot SET state = 'cancelled' WHERE state = 'free'")
    made = task(f"x-{kind}", kind=kind, payload=PAYLOADS[kind])
    await play.site.call("POST", f"/projects/{play.site.project_id}/tasks", play.site.frontend, {"tasks": [made]}, 201)
    return await play.take(play.author)


def work_of(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "shown"}


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
async def test_typed_handed_in_read_and_corrected(play: Play, kind: str) -> None:
    at = await take(play, kind)
    page = await play.author.get(at)
    assert "secret-" not in page
    for name in FIELDS[kind]:
        assert f'name="{name}"' in page, name
    empty = await play.author.post(f"{at}/form", 422, htmx=False, epoch=1) if kind not in ("labels", "spans") else None
    if empty is not None:
        assert 'aria-invalid="true"' in empty.text
        assert "autofocus" in empty.text
        assert "<html" in empty.text
    await play.author.post(f"{at}/form", epoch=1, **FIELDS[kind])
    assert work_of(await db.fetch_value("SELECT payload FROM submission")) == ANSWERS[kind]
    assert 'name="f-' not in await play.author.get(at), "what was handed in is read"
    look = await play.take(play.reviewer, "reviews")
    page = await play.reviewer.get(look)
    for name, value in FIELDS[kind].items():
        assert f'name="{name}"' in page, name
        assert html.escape(value.strip(), quote=False) in page
    verdict = {
        "epoch": 1,
        "outcome": "fix",
        **{f"score-{name}": 4 for name in ("helpfulness", "factuality", "fluency", "instructions")},
    }
    await play.reviewer.post(f"{look}/form", **verdict, **FIELDS[kind])
    assert work_of(await db.fetch_value("SELECT corrected FROM verdict")) == ANSWERS[kind]
    await play.reviewer.get(look)
    task_id = await db.fetch_value("SELECT task FROM submission")
    read = await play.manager.get(f"/tasks/{task_id}")
    assert "as the reviewer left it" in read
    assert 'class="kind-block kind-answer"' in read, "by its layout"
    assert 'name="f-' not in read


async def test_a_wrong_field_is_told_at_its_place_and_keeps_its_text(play: Play) -> None:
    at = await take(play, "preference_ranking")
    told = await play.author.post(f"{at}/form", 422, epoch=1, **{"f-ranking-0": "1", "f-comment": "<b>because</b>"})
    assert told.headers["hx-retarget"] == "#kind-form"
    assert "Give every answer a place." in told.text
    assert "&lt;b&gt;because&lt;/b&gt;" in told.text
    assert 'value="1" selected' in told.text
    assert not await db.fetch_value("SELECT count(*) FROM submission")


async def test_drafts_come_back_and_a_task_that_is_wrong_goes_back(play: Play) -> None:
    at = await take(play, "rating")
    draft = {"f-helpfulness": "3", "f-comment": "half"}
    await play.author.json(f"{at}/draft", {"draft": draft, "version": None})
    page = await play.author.get(at)
    assert re.search(r'name="f-helpfulness" value="3"[^>]* checked', page)
    assert ">half</textarea>" in page
    await play.author.post(f"{at}/form/decline", 422, epoch=1, reason=" ")
    await play.author.post(f"{at}/form/decline", epoch=1, reason="the text is empty")
    assert await db.fetch_value("SELECT reason FROM declined") == "the text is empty"


async def test_the_known_answer_is_shown_to_the_reviewer_alone(play: Play) -> None:
    at = await take(play, "choice")
    for text in (
        await play.author.get(at),
        json.dumps(await play.site.call("GET", at.replace("/work", "/assignments"), play.site.author)),
    ):
        assert "answer" not in re.findall(r'"(\w+)":', text)
    await play.author.post(f"{at}/form", epoch=1, **{"f-label": "Assam"})
    page = await play.reviewer.get(await play.take(play.reviewer, "reviews"))
    assert "The known answer is another one:" in page


async def test_a_rewrite_shows_what_it_changed(play: Play) -> None:
    at = await take(play, "rewriting")
    said = await play.author.post(f"{at}/form/diff", **{"f-text": "People drink tea."})
    assert "<del>" in said.text
    await play.other.post(f"{at}/form/diff", 404, **{"f-text": "x"})


async def test_a_form_over_the_api(play: Play) -> None:
    at = await take(play, "preference_ranking")
    told = await play.site.call("GET", at.replace("/work", "/assignments") + "/form", play.site.author)
    assert (told["kind"], told["version"]) == ("preference_ranking", 0)
    held = await play.site.call("GET", at.replace("/work", "/assignments"), play.site.author)
    assert "secret" not in json.dumps(held), "whose the candidates are is not said"
    assert [one["id"] for one in held["task"]["payload"]["candidates"]] == ["a", "b", "c"]
    assert sorted(told["shown"]["/candidates"]) == ["a", "b", "c"]
    page = await play.author.get(at)
    texts = {one["id"]: one["text"][:9] for one in PAYLOADS["preference_ranking"]["candidates"]}
    places = [page.index(html.escape(texts[one])) for one in told["shown"]["/candidates"]]
    assert places == sorted(places), "the page shows them in the order that the API tells"
    await play.site.call("GET", at.replace("/work", "/assignments") + "/form", play.site.other, status=404)


async def test_a_manager_declares_a_kind(play: Play) -> None:
    boss, at = play.manager, f"/projects/{play.site.project_id}/forms"
    assert "Ranking of answers" in await boss.get(at)
    assert at in await boss.get(f"/projects/{play.site.project_id}")
    assert "Warm" in await boss.get(f"{at}/new")
    await boss.get(f"{at}/preference_ranking?version=0")
    await boss.get(f"{at}/nothing", 404)
    said = await boss.post(f"{at}/check", text="{", payload="")
    assert "data-fault" in said.text
    said = await boss.post(f"{at}/check", text=json.dumps(CUSTOM | {"names": {}}), payload="")
    assert "<code>/names</code>" in said.text
    said = await boss.post(f"{at}/check", text=json.dumps(CUSTOM), payload='{"line": "Good <b>morning</b>"}')
    assert "Good &lt;b&gt;morning&lt;/b&gt;" in said.text
    said = await boss.post(f"{at}/check", text=json.dumps(CUSTOM), payload='{"row": 1}')
    assert "/line" in said.text
    typed = {"text": json.dumps(CUSTOM), "payload": "", "reason": "asked for", "version": 0, "fixed": ""}
    refused = await boss.post(at, 422, htmx=False, kind="Tone!", **typed)
    assert "asked for" in refused.text
    done = await boss.post(at, kind="tone", **typed)
    page = await boss.get(done.headers["hx-redirect"])
    assert "Saved as version 1" in page
    assert "Nothing was different" in await boss.get(
        (await boss.post(at, kind="tone", **typed | {"fixed": "tone", "version": 1})).headers["hx-redirect"]
    )
    stale = await boss.post(
        at,
        412,
        htmx=False,
        kind="tone",
        **typed | {"fixed": "tone", "text": json.dumps(CUSTOM | {"help": {"en": "?"}})},
    )
    assert "Somebody saved another version meanwhile" in stale.text
    for who in (play.author, play.reviewer):
        await who.get(at, 403)
        await who.post(at, 403, kind="tone", **typed)


async def test_the_api_of_declarations(play: Play) -> None:
    call, boss, at = play.site.call, play.site.manager, f"/projects/{play.site.project_id}/forms"
    assert len((await call("GET", at, boss))["items"]) == len(PAYLOADS)
    await call("GET", f"{at}/tone", boss, status=404)
    made = await call("PUT", f"{at}/tone", boss, {"declaration": CUSTOM})
    assert made["version"] == 1
    assert (await call("GET", f"{at}/tone", boss))["declaration"] == CUSTOM
    await call("PUT", f"{at}/tone", boss, {"declaration": CUSTOM | {"help": {"en": "?"}}}, status=412, if_match='"9"')
    bad = await call("PUT", f"{at}/tone", boss, {"declaration": {"names": {"en": "x"}}}, status=422)
    assert bad["code"] == "bad_form"
    assert bad["errors"]
    assert [one["version"] for one in (await call("GET", f"{at}/tone/versions", boss))["items"]] == [1]
    wrong = task("t-9", kind="tone", payload={"row": "?"})
    refused = await call("POST", f"/projects/{play.site.project_id}/tasks", play.site.frontend, {"tasks": [wrong]}, 422)
    assert (refused["code"], refused["errors"][0]["path"]) == ("payload_refused", "/payload/line")


async def test_an_offer_does_not_say_whose_the_candidates_are(play: Play) -> None:
    site = play.site
    made = task("x-offered", kind="preference_pair", payload=PAYLOADS["preference_pair"])
    answer = await site.call("POST", f"/projects/{site.project_id}/tasks", site.frontend, {"tasks": [made]}, 201)
    me = (await site.call("GET", "/me", site.author))["annotator_id"]
    task_id = answer["ids"]["x-offered"]
    await site.call("PUT", f"/annotators/{me}/presence", site.author, {"state": "available"})
    offered = await site.call("POST", f"/tasks/{task_id}/offer", site.manager, {"annotator_ids": [me]}, 201)
    assert offered["offers"], offered
    (mine,) = (await site.call("GET", "/offers", site.author))["items"]
    assert mine["task_id"] == task_id
    assert [one["id"] for one in mine["payload"]["candidates"]] == ["a", "b"]
    assert "secret" not in json.dumps([offered, mine])
