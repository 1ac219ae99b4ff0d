"""Declared kinds by keyboard: a ranking of three with a tie, reloaded in the middle, handed in and reviewed; and looked at."""

import re

from playwright.async_api import Page, expect

from kernel import db
from routing.intake import TaskDraft, import_tasks
from tests.browser.conftest import PHONE, SignIn
from tests.browser.test_exam_manage import fits
from tests.browser.test_exams import shoot
from tests.forms.examples import PAYLOADS


async def offer(*kinds: str) -> None:
    """Only these wait."""
    await db.execute("UPDATE slot SET state = 'cancelled' WHERE state = 'free'")
    project = await db.fetch_value("SELECT id FROM project")
    drafts = [
        TaskDraft(
            external_id=f"kind-{kind}", kind=kind, domain="general", language="en", difficulty=2, payload=PAYLOADS[kind]
        )
        for kind in kinds
    ]
    async with db.transaction("person:test"):
        await import_tasks(project, drafts)


async def take(page: Page, kind: str = "queue") -> None:
    await page.goto(f"/{kind}")
    await page.locator("main button", has_text=re.compile("Get next|领取")).first.click()
    await page.wait_for_url(re.compile("/(work|review)/"))


async def letters(page: Page) -> list[str]:
    return [text.strip() for text in await page.locator("[data-rank] .kind-letter").all_inner_texts()]


async def test_a_ranking_by_keyboard_alone(sign_in: SignIn) -> None:
    page = await sign_in("annotator")
    await offer("preference_ranking")
    await take(page)
    shown = await page.locator(".kind-candidate .prose").all_inner_texts()
    assert len(shown) == 3
    assert "secret" not in await page.content()
    await page.keyboard.press("?")
    await expect(page.locator("#shortcuts")).to_contain_text("Put it beside the one above")
    await expect(page.locator("#shortcuts")).not_to_contain_text("Mark the selected passage")
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await expect(page.locator("[data-rank]").first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    assert await letters(page) == ["B", "A", "C"]
    await page.locator("[data-rank]").nth(2).focus()
    await page.keyboard.press("1")
    assert await letters(page) == ["C", "B", "A"]
    await page.locator("[data-rank]").nth(2).focus()
    await page.keyboard.press("=")
    await expect(page.locator("[data-tied]")).to_have_count(1)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator("#f-comment")).to_be_focused()
    await page.keyboard.type("C asks to taste.")
    await expect(page.locator("#save-state")).to_have_attribute("data-state", "saved")
    await page.reload()
    assert (await letters(page))[0] == "C", "what was ranked comes back"
    await expect(page.locator("[data-tied]")).to_have_count(1)
    await expect(page.locator("#f-comment")).to_have_value("C asks to taste.")
    await shoot(page, "kind-ranking")
    await page.locator("#f-comment").focus()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#ended")).to_be_visible()
    kept = await db.fetch_value("SELECT payload FROM submission")
    order = kept["shown"]["/candidates"]
    assert kept["ranking"][0] == [order[2]]
    assert sorted(kept["ranking"][1]) == sorted(order[:2])
    await shoot(page, "kind-ranking-done")

    page = await sign_in("reviewer")
    await take(page, "reviews")
    assert await page.locator(".kind-candidate .prose").all_inner_texts() == shown, "as the author saw them"
    for _ in range(4):
        await page.keyboard.press("4")
    await page.keyboard.press("f")
    await expect(page.locator(".kind-correct")).to_be_visible()
    await shoot(page, "kind-review")
    await page.locator(".kind-correct [data-rank]").nth(1).focus()
    await page.keyboard.press("1")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Your verdict is given.")).to_be_visible()
    corrected = await db.fetch_value("SELECT corrected FROM verdict")
    assert corrected["ranking"][0] != kept["ranking"][0]
    assert sorted(one for place in corrected["ranking"] for one in place) == ["a", "b", "c"]


async def test_passages_by_keyboard_and_a_field_that_is_missing(sign_in: SignIn) -> None:
    page = await sign_in("annotator")
    await offer("spans")
    await take(page)
    source = page.locator("[data-span-source]")
    await source.focus()
    await page.keyboard.type("x")
    await expect(source).to_have_value(PAYLOADS["spans"]["text"])
    await page.keyboard.press("Control+Home")
    for _ in range(2):
        await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("1")
    await expect(page.locator(".kind-passages li")).to_have_text(re.compile("李白 · Person"))
    await source.evaluate("box => box.setSelectionRange(box.value.indexOf('Paris'), box.value.indexOf('Paris') + 5)")
    await page.keyboard.press("2")
    await expect(page.locator("#f-spans")).to_have_value("0-2 person\n14-19 place")
    await shoot(page, "kind-spans")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#ended")).to_be_visible()
    spans = (await db.fetch_value("SELECT payload FROM submission"))["spans"]
    assert spans == [{"start": 0, "end": 2, "label": "person"}, {"start": 14, "end": 19, "label": "place"}]
    await offer("rating")
    await take(page)
    await page.keyboard.press("3")
    await page.keyboard.press("5")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".kind-wrong")).to_have_count(1)
    await expect(page.locator("[name=f-fluency]").first).to_be_focused()
    await shoot(page, "kind-wrong")
    await page.keyboard.press("4")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#ended")).to_be_visible()


async def test_every_kind_on_a_phone_in_the_dark_in_chinese(sign_in: SignIn) -> None:
    page = await sign_in("annotator", size=PHONE, scheme="dark")
    await page.evaluate("document.cookie = 'callboard_lang=zh-CN; path=/'")
    for kind in PAYLOADS:
        await offer(kind)
        await take(page)
        await fits(page)
        await shoot(page, f"kind-phone-{kind}")
        address = page.url
        await page.goto("/queue")
        await db.execute("UPDATE slot SET state = 'done' WHERE assignment_id = :id::text::uuid", id=address[-36:])
        await db.execute("UPDATE holder SET live = 0")


async def test_a_kind_is_declared_with_a_look_at_its_form(sign_in: SignIn) -> None:
    page = await sign_in("manager")
    await page.get_by_role("link", name="Projects", exact=True).click()
    await page.get_by_role("link", name="Kitchen talk").click()
    await page.get_by_role("link", name="Kinds of tasks").click()
    await shoot(page, "kinds")
    await page.get_by_role("link", name="Declare a kind").click()
    await expect(page.locator("#preview")).to_contain_text("How does it sound?")
    box = page.locator("#text")
    text = await box.input_value()
    await box.fill(text.replace('"warm",', '"hot",', 1))
    await expect(page.locator("#preview")).to_contain_text("/layout/1/options")
    await shoot(page, "kind-declared-wrong")
    await box.fill(text.replace("Warm", "Friendly", 1))
    await expect(page.locator("#preview")).to_contain_text("Friendly")
    await page.locator("#kind").fill("tone")
    await shoot(page, "kind-declared")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Saved as version 1.")).to_be_visible()
    await page.set_viewport_size(PHONE)
    await fits(page)
    await shoot(page, "kind-declared-phone")
    await page.goto(page.url.rsplit("/", 1)[0])
    await fits(page)
