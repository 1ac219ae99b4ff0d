"""The roster's pages, as a browser asks for them."""

import re
from html import unescape

import httpx
import pytest

from kernel import db
from tests.api.conftest import Cast
from tests.pages.conftest import Browser, Play


@pytest.fixture
async def north(client: httpx.AsyncClient, cast: Cast, play: Play) -> Browser:
    return Browser(client, await cast.person("north", ["manager"], vendor="North"))


async def ids_of(browser: Browser, path: str = "/people") -> list[str]:
    return re.findall(r'name="id" value="([0-9a-f-]{36})"', await browser.get(path))


async def test_the_list_is_narrowed_and_its_address_says_how(play: Play) -> None:
    page = await play.manager.get("/people?domain=law&role=reviewer&show=law,medicine")
    assert len(await ids_of(play.manager, "/people?role=reviewer")) == 1
    assert re.findall(r'class="skill-head".*?>(\w+)<', page) == ["Law", "Medicine"]
    chips = unescape(page)
    assert 'href="/people?domain=law&show=law,medicine"' in chips, "one filter less"
    assert 'href="/people?role=reviewer&show=law,medicine"' in chips
    assert "sort=-load" in chips
    assert 'href="/people/export.csv?role=reviewer' in chips
    assert page.replace("show=law,medicine", "") == (
        await play.manager.get("/people?domain=law&role=reviewer&show.law=1&show.medicine=1")
    ).replace("show=law,medicine", ""), "boxes work without scripts"
    assert "Nobody matches" in await play.manager.get("/people?domain=law&level=5")
    wrong = await play.manager.get("/people?domain=law&level=nine", status=422)
    assert "The filter cannot be used" in wrong


async def test_people_are_paused_and_brought_back(play: Play, north: Browser) -> None:
    ids = await ids_of(play.manager)
    assert "Say why" in (await play.manager.post("/people/bulk?q=o", 422, action="pause", id=ids[0])).text
    assert "Select at least one" in (await play.manager.post("/people/bulk", 422, action="pause", reason="r")).text
    done = await play.manager.post(
        "/people/bulk", action="pause", reason="Audit", id=ids[0], next="/people?state=active"
    )
    back = done.headers["hx-redirect"]
    assert back.startswith("/people?state=active&done=1&bulk=")
    page = await play.manager.get(back)
    bulk = re.search(r'name="bulk" value="([^"]+)"', page)
    assert bulk is not None
    assert "1 person changed" in page
    assert ids[0] in await ids_of(play.manager, "/people?state=paused")
    assert (await north.post("/people/undo", 404, bulk=bulk[1])).status_code == 404
    undone = await play.manager.post("/people/undo", bulk=bulk[1], next="/people?state=active")
    assert undone.headers["hx-redirect"] == "/people?state=active&done=1"
    assert await ids_of(play.manager, "/people?state=paused") == []
    assert "cannot be taken back" in (await play.manager.post("/people/undo", 404, bulk=bulk[1])).text


async def test_everybody_who_is_found_at_once(play: Play, north: Browser) -> None:
    wanted = "/people?role=annotator"
    done = await play.manager.post("/people/bulk", action="set_capacity", capacity=9, everybody="yes", next=wanted)
    assert "done=2" in done.headers["hx-redirect"]
    assert await db.fetch_value("SELECT count(*) FROM annotator WHERE capacity = 9") == 2
    await north.post("/people/bulk", action="set_capacity", capacity=4, everybody="yes", next="/people?")
    assert await db.fetch_value("SELECT count(*) FROM annotator WHERE capacity = 4") == 1
    await north.post("/people/bulk", 403, action="grant_role", role="reviewer", everybody="yes", next="/people?")
    elsewhere = await play.manager.post(
        "/people/bulk", action="activate", everybody="yes", next="//evil.example/people?"
    )
    assert elsewhere.headers["hx-redirect"].startswith("/people?done=")


async def test_two_are_compared_and_strangers_are_not_there(play: Play, north: Browser) -> None:
    one, other, third = await ids_of(play.manager)
    page = await play.manager.get(f"/people/compare?ids={one},{other}")
    assert page.count('<th scope="col">') == 2
    chosen = await play.manager.post("/people/bulk", action="compare", id=one)
    assert chosen.headers["hx-redirect"] == f"/people/compare?ids={one}"
    await play.manager.get(f"/people/compare?ids={one}", status=422)
    await north.get(f"/people/compare?ids={one},{other},{third}", status=404)
    await play.author.get("/people", status=403)
    await play.author.get(f"/people/compare?ids={one},{other}", status=403)


async def test_a_file_is_tried_then_taken_and_bad_lines_come_back(play: Play) -> None:
    content = "display_name,external_id,languages\nAda,a1,en:5\nBo,b1,klingon\n"
    csrf = play.manager.csrf
    page = (await play.manager.upload("/people/import", "people.csv", content.encode(), csrf)).text
    assert await db.fetch_value("SELECT count(*) FROM annotator WHERE external_id = 'a1'") == 0
    assert "Take 1 line" in page
    assert "needs a level from 1 to 5" in unescape(page)
    data = re.search(r'name="data" value="([^"]+)"', page)
    assert data is not None
    taken = (await play.manager.post("/people/import", data=data[1], name="people.csv", take="yes")).text
    assert "Taken: 1 new, 0 changed, 0 as they were." in taken
    again = (await play.manager.post("/people/import", data=data[1], name="people.csv")).text
    assert "There is nothing to take" in again
    mend = await play.manager.post("/people/import/mend.csv", data=data[1])
    assert mend.text.splitlines()[0].removeprefix("\ufeff") == "display_name,external_id,languages,line,reason"
    assert mend.text.splitlines()[1].startswith("Bo,b1,klingon,3,")
    assert (await play.manager.get("/people/import/sample.csv")).startswith("\ufeffdisplay_name,")
    await play.manager.post("/people/import", 422, data="", name="x")
    await play.manager.post("/people/import", 422, data="%%%", name="x")


async def test_the_sample_file_is_one_that_can_be_imported(play: Play) -> None:
    sample = (await play.manager.get("/people/import/sample.csv")).encode()
    page = (await play.manager.upload("/people/import", "sample.csv", sample, play.manager.csrf)).text
    assert "Take 2 lines" in page


async def test_the_export_has_the_filter_and_no_formula(play: Play, north: Browser) -> None:
    await db.execute("UPDATE annotator SET display_name = '=1+1' WHERE display_name = 'author'")
    text = await play.manager.get("/people/export.csv?role=annotator")
    assert len(text.splitlines()) == 3
    assert "\n'=1+1," in text
    assert len((await north.get("/people/export.csv")).splitlines()) == 2
