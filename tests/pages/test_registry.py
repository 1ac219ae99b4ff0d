"""Domains, levels, roles and credentials through their forms: what managers change, and what nobody else may."""

import html
import re
from typing import Any

from callboard import names
from kernel import db
from tests.api.conftest import Cast
from tests.pages.conftest import Browser, Play

WORDS = {"name_en": "Cardiology", "name_zh": "心脏病学", "description_en": "", "description_zh": ""}


async def version_of(browser: Browser, action: str) -> str:
    page = await browser.get("/registry")
    form = re.search(rf'<form[^>]*action="{action}"[^>]*>.*?name="version" value="(\d+)"', page, re.DOTALL)
    assert form is not None, action
    return form[1]


async def test_a_domain_is_added_renamed_moved_archived_and_taken_back(play: Play) -> None:
    boss = play.manager
    done = await boss.post("/registry/domains", code="cardiology", parent="medicine", **WORDS)
    assert done.headers["hx-redirect"].startswith("/registry?open=domain-cardiology")
    at = "/registry/domains/cardiology"
    stale = await version_of(boss, at)
    await boss.post(at, version=stale, parent="law", **(WORDS | {"name_en": "Heart law"}))
    assert "Heart law" in await boss.get("/registry")
    refused = await boss.post(at, 412, version=stale, **WORDS)
    assert "hx-retarget" in refused.headers
    loop = await boss.post("/registry/domains/law", 409, version=await version_of(boss, "/registry/domains/law"),
                           parent="cardiology", **(WORDS | {"name_en": "Law"}))  # fmt: skip
    assert "nothing stands below itself" in html.unescape(loop.text)
    assert (await boss.post(f"{at}/archive", 422)).text.count("Say why") == 1
    gone = await boss.post(f"{at}/archive", reason="merged into law")
    page = await boss.get(gone.headers["hx-redirect"].partition("#")[0])
    assert "Heart law is archived." in page
    assert "Undo" in page
    await boss.post(f"{at}/restore", reason="taken back")
    assert not await db.fetch_value("SELECT archived FROM domain WHERE code = 'cardiology'")
    open_work = await boss.post("/registry/domains/finance/archive", 200, reason="x")
    assert open_work.status_code == 200
    refused = await boss.post("/registry/domains/general/archive", 409, reason="x")
    assert "hx-retarget" in refused.headers


async def test_siblings_change_places(play: Play) -> None:
    boss = play.manager
    await boss.post("/registry/domains/technology/place", step="up")
    page = await boss.get("/registry")
    assert page.index('id="domain-technology"') < page.index('id="domain-law"')
    for _ in range(9):
        await boss.post("/registry/domains/technology/place", step="up")
    page = await boss.get("/registry")
    assert page.index('id="domain-general"') < page.index('id="domain-technology"') < page.index('id="domain-finance"')


async def test_a_new_name_is_seen_at_once_where_domains_are_named(play: Play) -> None:
    boss = play.manager
    assert "General knowledge" in await play.author.get("/queue")
    version = await version_of(boss, "/registry/domains/general")
    await boss.post(
        "/registry/domains/general", version=version, **(WORDS | {"name_en": "Everyday things", "name_zh": "日常"})
    )
    assert "Everyday things" in await play.author.get("/queue")
    assert "Everyday things" in await boss.get("/tasks")
    chinese = await play.author.raw("GET", "/queue", accept_language="zh-CN", cookie=f"{play.author._headers['cookie']}; callboard_lang=zh-CN")  # fmt: skip
    assert "日常" in chinese.text
    assert names.current().name("domain", "general", "zh-CN") == "日常"


async def test_another_process_sees_a_new_name_within_seconds(play: Play) -> None:
    await play.author.get("/queue")
    await db.execute("UPDATE domain SET name_en = 'Renamed elsewhere' WHERE code = 'general'")
    names.forget()  # as the passing of `FRESH_SECONDS` does
    assert "Renamed elsewhere" in await play.author.get("/queue")


async def test_levels_roles_and_kinds_are_edited(play: Play) -> None:
    boss = play.manager
    await boss.post("/registry/levels/skill/4", version=1, **(WORDS | {"name_en": "Master"}))
    await boss.post("/registry/roles", code="rater", **(WORDS | {"name_en": "Rater"}))
    await boss.post("/registry/roles/rater/archive", reason="no work for it")
    version = await version_of(boss, "/registry/task-kinds/review")
    await boss.post("/registry/task-kinds/review", version=version, name_en="Judging", name_zh="审核")
    page = await boss.get("/registry")
    for word in ("Master", "Rater", "Judging"):
        assert word in page
    assert not await db.fetch_value("SELECT own_skill FROM task_kind WHERE code = 'review'")
    await boss.post("/registry/roles/annotator/archive", 422, reason="x")


async def test_only_managers_edit_the_registry(play: Play) -> None:
    await play.author.get("/registry", 403)
    await play.author.post("/registry/domains", 403, code="mine", **WORDS)
    assert 'href="/registry"' not in await play.author.get("/queue")


PAPER: dict[str, Any] = {
    "kind": "licence",
    "domain": "law",
    "title": "Bar <b>",
    "issuer": "The bar",
    "expires_on": "2031-01-31",
}


async def test_a_credential_from_its_owner_to_its_verification(play: Play) -> None:
    redirected = await play.author.raw("GET", "/credentials")
    assert redirected.status_code == 303, redirected.text[:600]
    own = redirected.headers["location"]
    assert "Add a credential" in await play.author.get(own)
    missing = await play.author.post(own, 422, **(PAPER | {"kind": "degree"}))
    assert "a degree needs its level" in missing.text
    await play.author.post(own, **PAPER, isced_level="7")
    page = await play.author.get(own)
    assert "Bar &lt;b&gt;" in page
    assert "Not verified" in page
    assert 'value="verify"' not in page, "nobody verifies their own"
    at = re.search(r'action="(/credentials/[0-9a-f-]{36})"', page)
    assert at is not None
    await play.author.post(f"{at[1]}/decide", 403, decision="verify", reason="me", version=1)
    await play.other.get(own, 404)
    await play.other.post(at[1], 404, version=1, **PAPER)

    waiting = await play.manager.get("/credentials")
    assert "Bar &lt;b&gt;" in waiting
    assert (await play.manager.post(f"{at[1]}/decide", 422, decision="verify", reason=" ", version=1)).text
    await play.manager.post(f"{at[1]}/decide", decision="verify", reason="number checked", version=1)
    page = await play.author.get(own)
    assert "number checked" in page
    assert "Verified" in page
    await play.author.post(at[1], version=2, **(PAPER | {"title": "Bar, renewed"}))
    assert "Not verified" in await play.author.get(own)
    await play.author.post(f"{at[1]}/withdraw")
    assert "No credential yet" in await play.author.get(own)


async def test_a_form_that_leads_back_to_its_own_page_reloads_it(play: Play) -> None:
    """A browser only jumps to the fragment of an address where it is already."""
    at = f"/people/{play.site.author.annotator_id}/credentials"
    form = {"kind": "licence", "domain": "law", "title": "Bar", "issuer": "Chamber", "version": 1}
    await play.author.post(at, **form)
    one = await db.fetch_value("SELECT id FROM credential WHERE title = 'Bar'")
    headers = play.author._headers | {"hx-request": "true"}
    for here, answer in ((f"http://test{at}#c-{one}", "hx-refresh"), (f"http://test{at}?open=new", "hx-redirect")):
        version = await db.fetch_value("SELECT version FROM credential WHERE id = :id", id=one)
        sent = form | {"_csrf": play.author.csrf, "version": str(version), "title": answer}
        done = await play.author._client.post(
            f"/credentials/{one}", data=sent, headers=headers | {"hx-current-url": here}
        )
        assert answer in done.headers, done.text


async def test_many_are_decided_with_one_reason(play: Play, cast: Cast) -> None:
    own = (await play.author.raw("GET", "/credentials")).headers["location"]
    other = (await play.other.raw("GET", "/credentials")).headers["location"]
    for number in range(3):
        await play.author.post(own, **(PAPER | {"title": f"Paper {number}"}))
    await play.other.post(other, **(PAPER | {"title": "Other's"}))
    page = await play.manager.get("/credentials")
    ids = re.findall(r'name="id" value="([0-9a-f-]{36})"', page)
    assert len(ids) == 4
    none = await play.manager.post("/credentials/bulk", 422, decision="verify", reason="x", htmx=False)
    assert "Select at least one" in none.text
    done = await play.manager.post(
        "/credentials/bulk",
        303,
        htmx=False,
        id=ids[0],
        decision="verify",
        reason="all seen",
        next="/credentials?show=waiting",
    )
    assert done.headers["location"].endswith("done=1&skipped=0")
    again = await play.manager.post(
        "/credentials/bulk", 303, htmx=False, id=ids[0], decision="refuse", reason="no", next="/credentials"
    )
    assert again.headers["location"] == "/credentials?done=0&skipped=1"
    assert "2031-01-31" in await play.manager.get("/credentials?show=verified")
    assert ids[1] not in await play.manager.get("/credentials?show=30")
