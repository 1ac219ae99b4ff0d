"""Standing as people meet it: the queue's banner, the appeal, the manager's decision, rules from form to switch."""

import re

import pytest

from callboard.pages import labels
from kernel import db
from skills import standing_judging
from tests.pages.conftest import Browser, Play

RULE = {
    "name": "Poor work", "kind": "outcomes_below", "share": 50, "last": 3, "count": 3, "level": 2, "days": 180, "domain": "", "action": "pause",
    "lasts_days": "5", "reason_en": "Three pieces were poor.", "reason_zh": "",
}  # fmt: skip


def test_the_ends_that_the_domain_writes_are_translated() -> None:
    assert set(labels.LABELS["standing_end"]) == {*standing_judging.ENDS.values(), standing_judging.WITHDRAWN}


@pytest.fixture
async def second(play: Play) -> Browser:
    return Browser(play.author._client, await play.site._cast.person("second-boss", ["manager"]))


async def test_a_pause_is_read_appealed_and_decided(play: Play, second: Browser) -> None:
    author_id = play.site.author.annotator_id
    at = f"/people/{author_id}/standing"
    assert "In good standing" in await play.author.get(at)
    form = {"action": "pause", "domain": "", "days": 3, "reason_en": "<b>Rest</b> a little.", "reason_zh": ""}
    sent = await play.manager.post(at, **form)
    assert sent.headers["hx-redirect"] == f"{at}?done=imposed"
    queue = await play.author.get("/queue")
    assert "What is in force on you" in queue
    assert "&lt;b&gt;Rest&lt;/b&gt; a little." in queue
    assert at in queue
    answer = await play.author.post("/queue/next")
    assert "Kinds of work from which something in force keeps you" in answer.text
    standing_id = await db.fetch_value("SELECT id FROM standing")
    mine = await play.author.get(at)
    assert f"/standing/{standing_id}/appeal" in mine
    assert "Impose something by hand" not in mine
    await play.author.post(f"/standing/{standing_id}/appeal", 422, text="  ")
    await play.author.post(f"/standing/{standing_id}/appeal", text="I rested.")
    assert f"/standing/{standing_id}/appeal" not in await play.author.get(at)
    await play.other.post(f"/standing/{standing_id}/appeal", 404, text="?")
    await play.author.post(f"/standing/{standing_id}/decide", 403, decision="grant", answer="Yes")
    overview = await play.manager.get("/standing")
    assert "I rested." in overview
    own = await play.manager.post(f"/standing/{standing_id}/decide", 403, decision="refuse", answer="No.")
    assert "another manager" in own.text
    decided = await second.post(
        f"/standing/{standing_id}/decide", decision="grant", answer="So you did.", **{"from": "list"}
    )
    assert decided.headers["hx-redirect"] == "/standing?done=decided"
    after = await play.author.get(at)
    assert "So you did." in after
    assert "Appeal granted" in after
    assert "What is in force on you" not in await play.author.get("/queue")


async def test_a_rule_from_form_to_switch(play: Play) -> None:
    manager, author_id = play.manager, play.site.author.annotator_id
    async with db.transaction("test"):
        for _ in range(3):
            await db.execute(
                "INSERT INTO evidence (id, annotator, domain, kind, outcome, weight, difficulty_mean, difficulty_variance, source_type, source_id)"
                " VALUES (gen_random_uuid(), :a, 'finance', 'gold', 0, 1, 0, 0.25, 'task', gen_random_uuid())", a=author_id,
            )  # fmt: skip
    assert 'name="share"' in await manager.get("/standing/rules/new")
    tried = await manager.post("/standing/rules/preview", **RULE)
    assert "It would touch 1 person now" in tried.text
    assert f"/people/{author_id}/standing" in tried.text
    await manager.post("/standing/rules/new", 422, **RULE | {"share": "much"})
    await manager.post("/standing/rules/new", 422, **RULE | {"reason_en": ""})
    await manager.post("/standing/rules/new", **RULE)
    page = await manager.get("/standing?done=made")
    assert "switched off" in page
    found = re.search(r'/standing/rules/([0-9a-f-]{36})">Poor work', page)
    assert found is not None
    at = f"/standing/rules/{found[1]}"
    await manager.post(f"{at}/switch", on="yes")
    async with db.transaction("system:worker"):
        await standing_judging.judge(author_id)  # type: ignore[arg-type]
    assert "came to 0% on average" in await manager.get("/standing?action=pause&domain=finance")
    assert "Nobody is restricted" in await manager.get("/standing?domain=law")
    await manager.post(at, 412, **RULE | {"version": 1})
    await manager.post(at, **RULE | {"version": 2, "name": "Poor work indeed"})
    assert "Poor work indeed" in await manager.get(at)
    await manager.post(f"{at}/lift", reason="Too strict.")
    assert "Too strict." in await play.author.get(f"/people/{author_id}/standing")


async def test_whose_pages_they_are(play: Play) -> None:
    author_id = play.site.author.annotator_id
    await play.other.get(f"/people/{author_id}/standing", 404)
    await play.author.get("/standing", 403)
    await play.author.get("/standing/rules/new", 403)
    await play.author.post(f"/people/{author_id}/standing", 403, action="pause", reason_en="?")
