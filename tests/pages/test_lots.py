"""A lot on screen: previewed, made, looked at by a manager, sent back, and wanted anew by a press."""

import html
import re

from kernel import db
from tests.pages.conftest import Play
from tests.pages.test_handlers import SCORES, hand_in

WISH = {"name": "First", "from_day": "", "to_day": "", "domain": "", "kind": "", "level": "II", "aql": "10"}


async def test_a_lot_is_made_looked_at_and_sent_back_on_screen(play: Play) -> None:
    boss = play.manager
    for _ in range(2):
        await hand_in(play)
        review = await play.take(play.reviewer, "reviews")
        await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="accept", **SCORES)
    project = await db.fetch_value("SELECT id FROM project")
    path = f"/projects/{project}/lots"
    assert "No lots yet" in await boss.get(path)
    assert "all of them" in (await boss.post(f"{path}/preview", **WISH)).text
    assert "No lot can be made like that" in (await boss.post(f"{path}/preview", **WISH | {"domain": "law"})).text
    refused = await boss.post(
        path, 422, **WISH | {"name": " ", "from_day": "2026-03-02", "to_day": "2026-03-01", "aql": "3"}
    )
    assert "Not before the first day." not in refused.text, "beside another fault days are not compared"
    assert 'name="from_day" type="date" value="2026-03-02"' in refused.text
    await play.author.get(path, 403)
    made = await boss.post(path, **WISH)
    lot = made.headers["hx-redirect"]
    page = html.unescape(await boss.get(lot))
    pieces = re.findall(rf'action="{lot}(/sample/[0-9a-f-]+)"', page)
    assert len(pieces) == 2
    assert "certifies nothing yet" in await boss.get(f"{lot}/certificate")
    await boss.post(f"{lot}{pieces[0]}", 422, outcome="defect", reason=" ")
    await boss.post(f"{lot}{pieces[0]}", outcome="defect", reason="<b>Wrong</b> year.")
    await boss.post(f"{lot}{pieces[0]}", 409, outcome="good", reason="")
    await boss.post(f"{lot}/rework", 409, reason="Too soon.")
    await boss.post(f"{lot}{pieces[1]}", outcome="defect", reason="Rude.")
    page = await boss.get(lot)
    assert "Have the defects made anew" in page
    certificate = await boss.get(f"{lot}/certificate")
    assert "&lt;b&gt;Wrong&lt;/b&gt; year." in certificate
    assert await db.fetch_value("SELECT encode(digest, 'hex') FROM lot") in certificate
    await boss.post(f"{lot}/rework", reason="As agreed.")
    assert "As agreed." in await boss.get(lot)
    assert await db.fetch_value("SELECT count(*) FROM submission WHERE state = 'rejected'") == 2


async def test_a_reviewer_looks_at_a_sample_on_their_own_page_and_a_lot_is_withdrawn(play: Play) -> None:
    boss = play.manager
    for _ in range(2):
        await hand_in(play)
        review = await play.take(play.reviewer, "reviews")
        await play.reviewer.post(f"{review}/verdict", epoch=1, outcome="accept", **SCORES)
    project = await db.fetch_value("SELECT id FROM project")
    path = f"/projects/{project}/lots"
    refused = await boss.post(path, 422, **WISH, inspectors="yes", require="wizard")
    assert "Nothing was saved" in refused.text or "inspectors" in refused.text
    lot = (await boss.post(path, **WISH, inspectors="yes", require="")).headers["hx-redirect"]
    here = f"/inspections/{lot.rpartition('/')[2]}"
    assert "No sample waits for you" in await play.other.get("/inspections"), "no reviewer"
    await play.other.get(here, 404)
    assert here in await play.reviewer.get("/inspections")
    assert "Nothing waits for you here" in await play.reviewer.get(here), "they reviewed both"
    other = play.site.other.annotator_id
    await db.execute(
        "INSERT INTO annotator_role (id, annotator, role, granted_by) VALUES (gen_random_uuid(), :id, 'reviewer', 'test')",
        id=other,
    )
    page = html.unescape(await play.other.get(here))
    assert "Is it good enough to be handed over?" in page
    (action,) = re.findall(rf'action="({here}/[0-9a-f-]+)"', page)
    await play.other.post(action, 422, outcome="defect", reason=" ")
    done = await play.other.post(action, outcome="good", reason="")
    assert done.headers["hx-redirect"] == f"{here}?done=looked"
    assert await db.fetch_value("SELECT role FROM lot_look") == "reviewer"
    await boss.post(f"{lot}/withdraw", 422, reason=" ")
    await boss.post(f"{lot}/withdraw", reason="Two lots are wanted.")
    assert "Two lots are wanted." in await boss.get(lot)
    assert "No sample waits for you" in await play.other.get("/inspections")
