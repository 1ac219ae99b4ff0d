"""The screen of exports over HTTP: counted live, made, followed, taken away; refused to those who may not."""

import httpx

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
    for body in (form | {"format": "excel"}, form | {"identities": "real", "reason": "x"}):
        assert (await client.post(at, data=body, headers=manager.headers)).status_code in {403, 422}
    worker = await cast.person("ann", ["annotator"], works=True)
    assert (await client.get(at, headers=worker.headers)).status_code == 403
    assert (await client.post(at, data=form, headers=worker.headers)).status_code == 403
