"""Gold on screen: switched on, entered, met like work, told, doubted by its author, and corrected by another manager."""

import html
import json
import re
from typing import Any

from callboard.pages.kind_fields import field_name
from kernel import db
from kernel.ids import uuid7
from kernel.sql import load
from routing.intake import TaskDraft, import_tasks
from tests.pages.conftest import Play

sql = load("routing")
PAYLOAD = {"title": "Tea", "question": "Which is red?", "choices": ["Sencha", "Assam"]}
OWN = {"id", "external_id", "payload"}
RULE = {"newcomer_share": "20", "newcomer_tasks": "20", "share": "4"}


def skeleton(page: str) -> str:
    """A page without its words and ids: what is left is its form."""
    page = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", page)
    page = re.sub(r'(value|datetime|content|data-[a-z-]+|title)="[^"]*"', r'\1=""', page)
    page = re.sub(r">[^<>]+<", "><", page)
    return re.sub(r"\s+", " ", page)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


async def test_gold_is_met_like_work_and_corrected(play: Play) -> None:
    boss, project = play.manager, await db.fetch_value("SELECT id FROM project")
    path = f"/projects/{project}/gold"
    await db.execute("UPDATE task SET state = 'cancelled'")
    await db.execute("UPDATE slot SET state = 'cancelled' WHERE state = 'free'")
    where = await db.fetch_one("SELECT domain, language FROM task LIMIT 1")
    assert where is not None
    async with db.transaction("person:test"):
        drafts = [
            TaskDraft(
                external_id=f"tea-{n}", kind="choice", domain=where["domain"], language=where["language"], difficulty=1,
                payload=PAYLOAD,
            )
            for n in range(1, 4)
        ]  # fmt: skip
        await import_tasks(project, drafts)
    assert "The bank is empty" in await boss.get(path)
    await play.author.get(path, 403)
    refused = await boss.post(f"{path}/rule", 422, **RULE | {"share": "80"})
    assert "A number from 0 to 50, in percent." in refused.text
    refused = await boss.post(f"{path}/rates", 422, person="Nobody at all", own_share="90", reason="")
    assert "Nobody is named like that." in html.unescape(refused.text)
    name = await db.fetch_value("SELECT display_name FROM annotator ORDER BY display_name LIMIT 1")
    await boss.post(f"{path}/rates", person=name, own_share="0", reason="Knows them all.")
    assert "Knows them all." in await boss.get(path)
    await boss.post(f"{path}/rule", enabled="yes", feedback="yes", reason="pilot", **RULE)
    fields = {
        "name": "tea-g", "kind": "choice", "domain": where["domain"], "language": where["language"], "difficulty": "1",
        "payload": json.dumps(PAYLOAD), "key": "Assam", "note": "",
    }  # fmt: skip
    assert "does not fit choice" in (await boss.post(path, 422, **fields | {"key": "Rooibos"})).text
    one = (await boss.post(path, **fields)).headers["hx-redirect"].partition("?")[0]
    assert "tea-g" in await boss.get(f"{path}?q=TEA&state=active&sort=met")
    assert "No gold matches" in await boss.get(f"{path}?state=retired")

    me = await db.fetch_value("SELECT id FROM annotator WHERE display_name = 'Ann'") or await db.fetch_value(
        "SELECT annotator FROM person WHERE annotator IS NOT NULL ORDER BY email LIMIT 1"
    )
    pages, bodies, seen = [], [], []
    for gold in (True, False):
        if gold:
            await db.execute(sql.gold_falls_due, id=uuid7(), annotator_id=me, project_id=project)
        got = await play.author.json("/api/v1/assignments/claim", {"limit": 1})
        (one_of,) = got["assignments"]
        assert await db.fetch_value("SELECT gold FROM task WHERE id = :id", id=one_of["task"]["id"]) is gold
        read = [
            json.loads(await play.author.get(f"/api/v1/{what}", accept="application/json"))
            for what in (f"assignments/{one_of['id']}", f"tasks/{one_of['task']['id']}")
        ]
        seen.append([got, *read])
        pages.append(skeleton(await play.author.get(f"/work/{one_of['id']}")))
        bodies.append(f"/work/{one_of['id']}")
    assert pages[0] == pages[1], "nothing on the page tells gold from work"
    assert shape(seen[0]) == shape(seen[1]), "nor in the API"
    assert {key: value for key, value in seen[0][2].items() if key not in OWN} == {
        key: value for key, value in seen[1][2].items() if key not in OWN
    }
    for held in bodies:
        await play.author.post(f"{held}/form", epoch=1, **{field_name("label"): "Sencha"})
    told = html.unescape(await play.author.get(bodies[0]))
    assert "its key says something else" in told
    assert "Assam" in told
    assert "control task" not in await play.author.get(bodies[1])
    await play.author.post(f"{bodies[1]}/gold-doubt", 404, reason="?")
    await play.author.post(f"{bodies[0]}/gold-doubt", reason="<b>Assam</b> is black.")
    assert "Its key is in doubt" in await play.author.get(bodies[0])
    shown = await boss.get(one)
    assert "&lt;b&gt;Assam&lt;/b&gt; is black." in shown
    decide = re.search(rf'action="({one}/decide/[0-9a-f-]+)"', shown)
    assert decide is not None
    await boss.post(decide[1], 422, outcome="correct", key="Sencha", reason=" ")
    await boss.post(decide[1], outcome="correct", key="Sencha", reason="So it is.")
    assert "you met it" in await play.author.get(bodies[0])
    gold_id = one.rsplit("/", 1)[1]
    assert "tea-g" in await boss.get(f"{path}.csv")
    await boss.post(f"{path}/bulk", 422, reason="known", action="retire")
    await boss.post(f"{path}/bulk", id=gold_id, reason="known", action="retire")
    assert await db.fetch_value("SELECT state FROM gold") == "retired"
