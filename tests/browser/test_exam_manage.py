"""The manager's side of exams in a browser: made, filled from a file, closed and opened again; nothing runs over a phone."""

from pathlib import Path

from playwright.async_api import Page, expect

from kernel import db
from tests.browser.conftest import PHONE, SignIn
from tests.browser.test_exams import open_demo, shoot

BANK = "text,option_1,option_2,answer,difficulty\n" + "".join(f"Question {n}?,yes,no,1,0.{n}\n" for n in range(7))


async def fits(page: Page) -> None:
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), page.url


async def test_from_a_new_exam_to_its_bank(sign_in: SignIn, tmp_path: Path) -> None:
    await open_demo()
    file = tmp_path / "bank.csv"
    page = await sign_in("manager")
    await page.get_by_role("link", name="People", exact=True).click()
    await page.get_by_role("link", name="Exams and banks").click()
    await expect(page.get_by_role("link", name="Finance, level 4", exact=True)).to_be_visible()
    await shoot(page, "manage")
    await page.get_by_role("link", name="New exam").click()
    await page.get_by_label("Name").fill("Law, level 3")
    await page.get_by_label("Domain").select_option("law")
    await shoot(page, "manage-new")
    await page.get_by_role("button", name="Create the exam").click()
    await expect(page.get_by_text("Its bank needs questions")).to_be_visible()
    await page.get_by_text("Add questions from a file").click()
    file.write_text(BANK.replace("Question 3?,yes,no", "Question 3?,no,no"))
    await page.get_by_label("File", exact=True).set_input_files(file)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("Line 5")).to_be_visible()
    await shoot(page, "manage-faults")
    file.write_text(BANK)
    await page.get_by_label("File", exact=True).set_input_files(file)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("7 questions added.")).to_be_visible()
    await page.get_by_role("link", name="Question 6?").click()
    await shoot(page, "manage-item")
    await page.get_by_label("Reason").fill("out of date")
    await page.get_by_role("button", name="Retire").click()
    await expect(page.get_by_text("6 questions can be asked.")).to_be_visible()
    await shoot(page, "manage-one")
    await page.get_by_role("button", name="Close exam").click()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("“Law, level 3” is open.")).to_be_visible()


async def test_on_a_phone_in_the_dark_in_chinese(sign_in: SignIn) -> None:
    await open_demo()
    page = await sign_in("manager", size=PHONE, scheme="dark")
    await page.evaluate("document.cookie = 'callboard_lang=zh-CN; path=/'")
    exam_id = await db.fetch_value("SELECT id FROM exam WHERE name = 'Finance, level 4'")
    item_id = await db.fetch_value("SELECT id FROM exam_item WHERE domain = 'finance' LIMIT 1")
    for name, path in (
        ("list", ""), ("new", "/new"), ("one", f"/{exam_id}"), ("item", f"/{exam_id}/items/{item_id}"),
    ):  # fmt: skip
        await page.goto(f"/exams/manage{path}")
        await fits(page)
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        await shoot(page, f"manage-phone-{name}")
