"""The page of a project's bots, and what an annotator sees of a bot that fails, through real sockets."""

import html
import re

import msgspec
import pytest
from litestar import Litestar
from msgspec.structs import replace

from dialogue import calls
from kernel import db
from kernel.settings import Settings
from tests.dialogue.fake_endpoint import FakeEndpoint, endpoint, refuses, streams
from tests.pages.conftest import Browser, Play

FORM = {
    "kind": "openai", "model": "tiny-1", "system_prompt": "", "temperature": "0.7", "max_tokens": "100", "candidates": "1",
    "top_p": "", "connect_seconds": "", "first_token_seconds": "", "between_tokens_seconds": "", "total_seconds": "",
    "retries": "",
}  # fmt: skip


@pytest.fixture
def open_app(app: Litestar) -> Litestar:
    """Bots may be on this machine: their endpoints are those of the tests."""
    settings: Settings = app.state.settings
    app.state.settings = replace(settings, bot_private_hosts="127.0.0.1=the tests", bot_retries=0)
    return app


async def add(play: Play, name: str, url: str, status: int = 200, **fields: str) -> str:
    at = f"/projects/{play.site.project_id}/bots"
    done = await play.manager.post(at, status, name=name, base_url=url, **(FORM | fields))
    return done.headers.get("hx-redirect", "") if status == 200 else done.text


async def events(browser: Browser, at: str, no: int = 1, **headers: str) -> list[tuple[str, str, str]]:
    """(event, id, data) of a reply's stream."""
    text = await browser.get(f"{at}/turns/{no}/stream?epoch=1", accept="text/event-stream", **headers)
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "event" in fields:
            found.append((fields["event"], fields.get("id", ""), msgspec.json.decode(fields["data"], type=str)))
    return found


async def test_a_bot_is_added_tried_changed_and_switched_off(open_app: Litestar, play: Play) -> None:
    page = f"/projects/{play.site.project_id}/bots"
    assert "the built-in offline bot answers" in await play.manager.get(page)
    async with endpoint(streams("Hello", " you"), refuses("401 Unauthorized")) as fake:
        where = await add(play, "Tutor", fake.url, api_key="sk-canary-77")
        bot = re.search(r"open=([0-9a-f-]{36})", where)
        assert bot is not None
        shown = await play.manager.get(page)
        assert "Tutor" in shown
        assert "sk-canary-77" not in shown
        assert "stored, encrypted" in shown
        at = f"{page}/{bot[1]}"
        assert "It answered." in (await play.manager.post(f"{at}/test")).text
        refused = html.unescape((await play.manager.post(f"{at}/test")).text)
        assert "does not accept the key" in refused
        assert "bot_key_refused" in refused

        change = FORM | {"name": "Tutor 2", "base_url": fake.url, "version": "1", "first_token_seconds": "2.5"}
        await play.manager.post(at, **change)
        await play.manager.post(at, 412, **change)
        row = await db.fetch_one("SELECT name, first_token_seconds, api_key_encrypted IS NULL AS bare FROM bot")
        assert tuple(row.values()) == ("Tutor 2", 2.5, False)
        await play.manager.post(at, **(change | {"version": "2", "remove_key": "yes"}))
        assert await db.fetch_value("SELECT api_key_encrypted FROM bot") is None
    assert "already" in await add(play, "Tutor 2", "https://api.example/v1", 409)
    assert "may not be called" in await add(play, "Inside", "http://10.0.0.1/v1", 422)
    assert "is no number" in await add(play, "Odd", "https://api.example/v1", 422, temperature="warm")
    await play.manager.post(f"{at}/switch", on="no", reason="too dear")
    assert "All bots are switched off" in await play.manager.get(page)
    await play.author.get(page, 403)
    await play.author.post(f"{at}/test", 403)


async def begin(play: Play, fake: FakeEndpoint) -> str:
    await add(play, "Fake", fake.url)
    at = await play.take(play.author)
    await play.author.post(f"{at}/turns", epoch=1, no=1, topic="Tea", message="Green or black?")
    return at


async def test_a_cut_reply_is_shown_kept_over_a_reload_and_gone_on_from(open_app: Litestar, play: Play) -> None:
    async with endpoint(streams("Green <b>", "tea", end=b""), streams("Black")) as fake:
        at = await begin(play, fake)
        found = await events(play.author, at)
        assert [event for event, _, _ in found] == ["start", "words", "words", "end"]
        end = html.unescape(found[-1][2])
        assert "The connection to the bot was cut." in end
        assert "Go on from what arrived" in end
        assert "Green <b>tea" in end

        again = await play.author.get(at)
        assert "The connection to the bot was cut." in again
        assert "Green &lt;b&gt;tea" in again
        assert "data-stream" not in again, "a reload asks for nothing"
        assert len(fake.seen) == 1

        assert "data-stream" in await play.author.get(f"{at}/turns/1"), "the press does"
        assert "Black" in (await events(play.author, at))[-1][2]
        assert len(fake.seen) == 2
    assert await db.fetch_value("SELECT count(*) FROM turn WHERE role = 'assistant'") == 1


async def test_a_reader_goes_on_behind_the_last_id(open_app: Litestar, play: Play) -> None:
    """The call runs in another process, which has written down what came; the reader had the first five characters."""
    async with endpoint(streams("never asked")) as fake:
        at = await begin(play, fake)
        turn = await db.fetch_value("SELECT id FROM turn")
        call = await db.fetch_value(
            """INSERT INTO bot_call (id, turn, model, state, text, ended_at)
               VALUES (gen_random_uuid(), :turn, 'm', 'arrived', 'Green tea', now()) RETURNING id""", turn=turn,
        )  # fmt: skip
        found = await events(play.author, at, last_event_id=f"{call.hex}:5")
        assert [(event, data) for event, _, data in found[:-1]] == [("words", " tea")]
        assert found[0][1] == f"{call.hex}:9"
        assert "Green tea" in found[-1][2]
        assert not fake.seen
    assert not calls._flights


async def test_words_of_each_failure_are_the_readers_own(open_app: Litestar, play: Play) -> None:
    async with endpoint(refuses("429 Too Many Requests"), refuses("500 Oops"), refuses("404 Not Found")) as fake:
        at = await begin(play, fake)
        for words in ("机器人负载过高", "机器人自身报告了故障", "机器人不接受该请求"):
            cookie = f"{play.author._headers['cookie']}; callboard_lang=zh-CN"
            assert words in (await events(play.author, at, cookie=cookie))[-1][2]
    own = await play.author.post(f"{at}/turns/1/own", epoch=1, text="As I would say it.")
    assert "written by you" in own.text
