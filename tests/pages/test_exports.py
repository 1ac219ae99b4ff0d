"""The screen of exports over HTTP: counted live, made, followed, taken away; refused to those who may not."""

import httpx

from kernel import db
from kernel.settings import Settings
from tests.api.conftest import Cast
from tests.api.test_exports import work_off
from tests.dialogue.exporting import rich_and_accepted


async def test_a_manager_counts_makes_and_takes_away(client: httpx.AsyncClient, cast: Cast, settings: Settings) -> None:
    desk = await rich_and_accepted(settings)
    manager = await cast.person("manager", ["manager"])
    at = f"/projects/{desk.project_id}/exports"
    shown = await client.get(at, headers=manager.headers)
    assert shown.status_code == 200
    assert "<b>1</b>" in shown.text
    assert "Show who people are" not in shown.text, "that is for administrators"

    async def count(**fields: str) -> httpx.Response:
        return await client.post(f"{at}/count", data=fields, headers=manager.headers | {"hx-request": "true"})

    assert "<b>1</b>" in (await count(**{"what": "all", "state-accepted": "yes", "language-en": "yes"})).text
    assert "<b>0</b>" in (await count(**{"what": "all", "state-accepted": "yes", "since": "2999-01-01"})).text
    assert (
        "<b>1</b>"
        in (await count(**{"what": "work", "state-accepted": "yes", "dimension": "helpful", "at_least": "4"})).text
    )
    assert (
        "<b>0</b>"
        in (await count(**{"what": "work", "state-accepted": "yes", "dimension": "helpful", "at_least": "4,5"})).text
    )
    assert "Nothing to count" in (await count(what="work")).text
    assert "Nothing to count" in (await count(**{"what": "all", "state-accepted": "yes", "since": "soon"})).text
    assert "Nothing to count" in (await count(**{"what": "all", "state-accepted": "yes", "at_least": "many"})).text

    form = {"format": "openai", "what": "all", "state-accepted": "yes"}
    made = await client.post(at, data=form, headers=manager.headers)
    assert made.status_code == 303
    listed = await client.get(f"{at}/list", headers=manager.headers)
    assert "hx-get" in listed.text, "it asks again while one is being made"
    await work_off(settings)
    listed = await client.get(f"{at}/list", headers=manager.headers)
    assert "hx-get" not in listed.text
    assert "manager" in listed.text
    link = listed.text.split(f'href="{at}/')[1].split('"')[0]
    file = await client.get(f"{at}/{link}", headers=manager.headers)
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.text.startswith('{"messages":')
    assert "The file is kept until" in listed.text
    # One that is being made is cancelled; one whose file was removed is built again.
    await client.post(at, data=form, headers=manager.headers)
    listed = await client.get(f"{at}/list", headers=manager.headers)
    assert "<progress" in listed.text
    second = listed.text.split('id="snapshot-')[2].split('"')[0]
    assert (await client.post(f"{at}/{second}/cancel", headers=manager.headers)).status_code == 303
    assert (await client.post(f"/api/v1{at}/{second}/rebuild", headers=manager.headers)).json()["code"] == "export_over"
    first = link.split("/")[0]
    await db.execute(
        "UPDATE export SET state = 'removed', built_at = NULL, removed_at = now() WHERE id = :id", id=first
    )
    assert "Build the file again" in (await client.get(f"{at}/list", headers=manager.headers)).text
    gone = await client.get(f"{at}/{link}", headers=manager.headers)
    assert gone.status_code == 409
    again = await client.post(f"/api/v1{at}/{first}/rebuild", headers=manager.headers)
    assert again.json()["state"] == "rebuilding"
    await work_off(settings)
    assert (await client.get(f"{at}/{link}", headers=manager.headers)).content == file.content
    late = await client.post(f"/api/v1{at}/{first}/cancel", headers=manager.headers)
    assert (late.status_code, late.json()["code"]) == (409, "export_not_under_way")
    for body in (form | {"format": "excel"}, form | {"identities": "real", "reason": "x"}):
        assert (await client.post(at, data=body, headers=manager.headers)).status_code in {403, 422}
    worker = await cast.person("ann", ["annotator"], works=True)
    assert (await client.get(at, headers=worker.headers)).status_code == 403
    assert (await client.post(at, data=form, headers=worker.headers)).status_code == 403
