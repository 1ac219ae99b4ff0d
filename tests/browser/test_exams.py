"""An exam as people take it: by keyboard, one question per screen, and on a phone."""

import os
from pathlib import Path

from playwright.async_api import Page, expect

from callboard.demo.exams import demo_exams, open_exams
from kernel import db
from tests.browser.conftest import PHONE, SignIn

SHOTS = os.environ.get("CALLBOARD_SHOTS")
"""A folder: pictures of the screens are left there, to be looked at."""
KEY = {item.text: item.options[0] for one in demo_exams() for item in one.drafts()}


async def shoot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def open_demo() -> None:
    async with db.transaction("test"):
        await open_exams()


async def answer(page: Page, *, right: bool = True) -> None:
    """By the keys alone: a digit chooses, Enter gives the answer."""
    text = await page.locator("legend").inner_text()
    options = await page.locator(".choice span").all_inner_texts()
    at = next(n for n, option in enumerate(options, 1) if (option == KEY[text]) == right)
    await page.keyboard.press(str(at))
    await expect(page.locator("input[name=choice]").nth(at - 1)).to_be_checked()
    await page.keyboard.press("Enter")


async def begin(page: Page, name: str) -> None:
    card = page.locator("article").filter(has_text=name)
    await card.get_by_role("button").focus()
    await page.keyboard.press("Enter")


async def test_an_exam_by_keyboard(sign_in: SignIn) -> None:
    await open_demo()
    page = await sign_in("annotator")
    await page.get_by_role("link", name="Exams").click()
    await expect(page.get_by_text("2 of 2 attempts left.").first).to_be_visible()
    await shoot(page, "exams")
    await begin(page, "Finance, level 4")
    await page.get_by_role("button", name="Yes").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/attempts/*")
    await shoot(page, "exam-question")
    assert "explanation" not in await page.content()
    for number in range(1, 41):
        if await page.locator("#result-title").count():
            break
        await expect(page.get_by_text(f"Question {number}, at most 22")).to_be_visible()
        await answer(page)
        await expect(page.get_by_text(f"Question {number}, at most 22")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Passed")).to_be_visible()
    await shoot(page, "exam-passed")
    assert await db.fetch_value("SELECT count(*) FROM evidence WHERE kind = 'exam_item' AND outcome = 1") >= 6
    await page.goto("/exams")
    await expect(
        page.locator("article").filter(has_text="Finance, level 4").get_by_text("Passed", exact=True)
    ).to_be_visible()


async def test_practice_explains_and_an_exam_can_be_ended(sign_in: SignIn) -> None:
    await open_demo()
    page = await sign_in("annotator", scheme="dark")
    await page.goto("/exams")
    await begin(page, "General knowledge, practice")
    await page.wait_for_url("**/attempts/*")
    await answer(page, right=False)
    await expect(page.get_by_text("That was not right.")).to_be_visible()
    await shoot(page, "exam-practice-dark")
    await page.goto("/exams")
    await shoot(page, "exams-dark")
    await begin(page, "General knowledge, level 3")
    await page.get_by_role("button", name="Yes").click()
    await page.wait_for_url("**/attempts/*")
    await page.reload()
    await expect(page.get_by_text("Question 1, at most 30")).to_be_visible()
    await page.get_by_role("button", name="End it here").click()
    await page.get_by_role("button", name="Yes").click()
    await expect(page.get_by_role("heading", name="Not passed")).to_be_visible()
    await expect(page.get_by_text("Opens again")).to_be_visible()
    await shoot(page, "exam-ended-dark")


async def test_the_clock_ends_it(sign_in: SignIn) -> None:
    await open_demo()
    page = await sign_in("annotator")
    await page.goto("/exams")
    await begin(page, "General knowledge, level 3")
    await page.get_by_role("button", name="Yes").click()
    await page.wait_for_url("**/attempts/*")
    await db.execute("UPDATE exam_attempt SET ends_at = clock_timestamp() + interval '2 seconds'")
    await page.reload()
    await expect(page.get_by_role("heading", name="Not passed")).to_be_visible(timeout=30_000)
    await expect(page.get_by_text("The time ran out")).to_be_visible()


async def test_on_a_phone_in_chinese(sign_in: SignIn) -> None:
    await open_demo()
    page = await sign_in("annotator", size=PHONE)
    await page.locator("button.person").click()
    await page.get_by_role("button", name="简体中文").click()
    await page.goto("/exams")
    await shoot(page, "exams-phone-zh")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.locator("article").filter(has_text="通识考试").get_by_role("button").click()
    await page.locator("#confirm button[value=yes]").click()
    await page.wait_for_url("**/attempts/*")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await shoot(page, "exam-question-phone-zh")
    await page.locator(".choice").first.click()
    await page.locator("form.question button").click()
    await expect(page.get_by_text("第 2 题")).to_be_visible()
